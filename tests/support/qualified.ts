import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Reply } from "@muster/bus/message.ts";
import { serve } from "@muster/bus/serve.ts";
import { quality } from "@muster/quality/index.ts";
import { pinOf } from "@muster/shared/domain/dataset.ts";
import { inboxFolder } from "@muster/shared/home.ts";
import { ingest } from "@muster/shared/warehouse/ingest.ts";
import { startBench } from "./process.ts";
import { accept, askFrom, confirm, type Terms } from "./signing.ts";

/** A real quality agent on real servers, and a door that asks it. */
export type Qualified = Awaited<ReturnType<typeof startQuality>>;

/** Starts it. `clock` is quality's; the door keeps the real time. */
export async function startQuality(clock: () => Date = () => new Date()) {
  const bench = await startBench([
    { name: "gateway", kind: "door", of: "gateway", file: "" },
    { name: "quality", kind: "agent", of: "quality", file: "" },
  ]);
  const door = await bench.process("gateway");
  const own = await bench.process("quality", { now: clock });
  const stopServing = await serve({ process: own, agent: quality, opened: await quality.open(own) }, null);
  const inbox = inboxFolder(bench.home);
  mkdirSync(inbox, { recursive: true });
  let requests = 0;
  let loads = 0;
  const take = async (file: string, more: { name?: string; time?: string } = {}) => {
    // Versions are told apart by when they were written.
    const now = new Date(Date.UTC(2026, 0, 1) + loads++ * 3_600_000);
    const { name, version } = await ingest({ lake: own.lake, inbox, file, now, ...more });
    return pinOf(name, version);
  };
  const ask = (tool: string, input: Record<string, unknown>, receipts: string[] = []): Promise<Reply> =>
    askFrom(door, { tool: `quality.${tool}`, input, receipts });
  const profiled = async (dataset: string) => (await ask("profile_dataset", { dataset })).given[0]!.id;

  return {
    ...{ bench, own, ask, profiled },
    /** Loads a table from its text; gives its pin. */
    load: (name: string, text: string, time?: string) => {
      writeFileSync(join(inbox, `${name}.csv`), text);
      return take(`${name}.csv`, time === undefined ? {} : { time });
    },
    /** Loads a file from outside of the inbox. */
    loadFile: (path: string, name: string) => {
      const ending = path.slice(path.lastIndexOf("."));
      copyFileSync(path, join(inbox, `${name}${ending}`));
      return take(`${name}${ending}`, { name });
    },
    /** Calls a tool that needs a profile with a fresh one; gives its output. */
    of: async <T = Record<string, unknown>>(tool: string, dataset: string, more: object = {}): Promise<T> =>
      (await ask(tool, { dataset, ...more }, [await profiled(dataset)])).output as T,
    /** Calls a tool that a person confirms, with their signature over exactly the input. */
    confirmed: async (tool: string, input: Record<string, unknown>, who: Terms = { roles: ["admin"] }) => {
      const request = `req_${++requests}`;
      const { person = "ada", roles } = who;
      const receipts = [
        await accept(door, request, who),
        await confirm(door, request, `quality.${tool}`, input, { person, ...(roles && { roles }) }),
      ];
      return (await askFrom(door, { tool: `quality.${tool}`, input, receipts, request })).output;
    },
    stop: async () => {
      await stopServing();
      await bench.stop();
    },
  };
}
