import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Reply } from "@muster/bus/message.ts";
import type { Process } from "@muster/bus/process.ts";
import { serve } from "@muster/bus/serve.ts";
import { type GovernanceDeps, governance } from "@muster/governance/index.ts";
import { profileDataset } from "@muster/quality/profile.ts";
import { type DatasetPin, pinOf } from "@muster/shared/domain/dataset.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { testProblem } from "@muster/shared/features/testing-problem.ts";
import { inboxFolder } from "@muster/shared/home.ts";
import { ingest } from "@muster/shared/warehouse/ingest.ts";
import { openPins } from "@muster/shared/warehouse/write-query.ts";
import { type Bench, startBench } from "./process.ts";
import { accept, askFrom, confirm, sign, type Terms } from "./signing.ts";

/** The tables of a governed bench: contracts (the label's), customers (the entity's, with personal data), payments. */
export type Table = "contracts" | "customers" | "payments";
/** Who confirms; default: `ada`, an administrator. */
export type Who = { person?: string; roles?: Terms["roles"] };

const rows = (count: number, row: (i: number) => string) => Array.from({ length: count }, (_, i) => row(i)).join("\n");
const day = (i: number) => new Date(Date.UTC(2025, 0, 1) + i * 86_400_000).toISOString().slice(0, 10);
const first = ["Anna", "Boris", "Carla", "Dmitri", "Elena", "Fritz", "Greta", "Hans"];
const last = ["Schmidt", "Novak", "Rossi", "Garcia", "Weber", "Dubois", "Smith"];
const born = (i: number) => `${1940 + (i % 65)}-0${1 + (i % 9)}-1${i % 9}`;
const files: Record<Table, string> = {
  contracts: `contract_id,customer,start,end,fee\n${rows(120, (i) => `${i},c${i % 60},${day(i)},${i % 3 ? "" : day(i + 90)},${10.5 + (i % 7)}`)}\n`,
  customers: `customer,email,full_name,segment,birth_date\n${rows(60, (i) => `c${i},canary${i}@example.org,${first[i % 8]} ${last[i % 7]},${i % 2 ? "home" : "business"},${born(i)}`)}\n`,
  payments: `payment_id,customer,amount,paid_at,loaded_at\n${rows(200, (i) => `${1000 + i},c${i % 60},${i % 40}.25,${day(i)} 10:00:00,${day(i + 1)} 04:00:00`)}\n`,
};
/** Churn over contracts. */
export const problem = testProblem();

/** A real governance agent on real servers over three loaded tables, and the other processes to sign what it needs. */
export type Governed = Awaited<ReturnType<typeof startGoverned>>;

/** Starts it. `clock` is governance's; the doors keep the real time. */
export async function startGoverned(clock: () => Date = () => new Date()) {
  const agents = ["governance", "catalog", "quality", "ml", "cost", "pipeline"];
  const bench: Bench = await startBench([
    { name: "gateway", kind: "door", of: "gateway", file: "" },
    ...agents.map((name) => ({ name, kind: "agent" as const, of: name, file: "" })),
  ]);
  const [door, catalog, quality, ml, cost] = await Promise.all(
    ["gateway", "catalog", "quality", "ml", "cost"].map((name) => bench.process(name)),
  );
  const by = { door: door!, catalog: catalog!, quality: quality!, ml: ml!, cost: cost! } satisfies Record<
    string,
    Process
  >;
  const own = await bench.process("governance", { now: clock });
  const opened = await governance.open(own);
  const stopServing = await serve({ process: own, agent: governance, opened }, null);
  const inbox = inboxFolder(bench.home);
  mkdirSync(inbox, { recursive: true });
  const pins = {} as Record<Table, DatasetPin>;
  const profiles = {} as Record<Table, string>;
  for (const [name, text] of Object.entries(files) as [Table, string][]) {
    writeFileSync(join(inbox, `${name}.csv`), text);
    const declared = name === "payments" ? { time: "paid_at", arrived: "loaded_at" } : {};
    const manifest = await ingest({ lake: own.lake, inbox, file: `${name}.csv`, now: new Date(), ...declared });
    pins[name] = pinOf(manifest.name, manifest.version);
    const engine = await openPins(own.lake, { [name]: pins[name] });
    const profile = await profileDataset(engine, manifest);
    engine.close();
    profiles[name] = await sign(by.quality, "dataset.profiled", { dataset: pins[name] }, profile);
  }
  let requests = 0;
  const newRequest = (): string => `req_${++requests}`;

  return {
    bench,
    by,
    own,
    deps: opened.deps as GovernanceDeps,
    pins,
    tables: Object.keys(pins) as Table[],
    scope: Object.values(pins).sort(),
    newRequest,
    /** Calls a tool that only reads. */
    read: async (tool: string, input: Record<string, unknown>) => (await askFrom(by.door, { tool, input })).output,
    /** Classifies a table: the receipt, the columns by name, the whole reply. */
    classify: async (name: Table) => {
      const reply = await askFrom(by.door, {
        tool: "governance.classify_columns",
        input: { dataset: pins[name] },
        receipts: [profiles[name]],
      });
      const { columns } = reply.output as FactValue<"dataset.classified">;
      return { receipt: reply.given[0]!.id, columns: new Map(columns.map((column) => [column.name, column])), reply };
    },
    /** Calls a tool that a person has to confirm, with their signature over exactly the input. */
    confirmed: async (
      tool: string,
      input: Record<string, unknown>,
      who: Who = {},
      request = newRequest(),
    ): Promise<Reply> => {
      const receipts = [await accept(by.door, request), await confirm(by.door, request, tool, input, who)];
      return askFrom(by.door, { tool, input, receipts, request });
    },
    stop: async () => {
      await stopServing();
      await bench.stop();
    },
  };
}
