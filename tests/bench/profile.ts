import { checkExpectations } from "@muster/quality/check.ts";
import { profileDataset } from "@muster/quality/profile.ts";
import { findRelations } from "@muster/quality/relations.ts";
import { suggestExpectations } from "@muster/quality/suggest.ts";
import { fault } from "@muster/shared/fault.ts";
import { openEngine } from "@muster/shared/warehouse/duckdb.ts";
import { storageType } from "@muster/shared/warehouse/storage.ts";
import { type Bench, median, round } from "../support/measure.ts";
import { publicDatasets, publicFile } from "../support/story.ts";

const times = 3;

/** Profiles a large table, suggests what is expected of it and checks that, as two gates would. */
export const bench: Bench = {
  name: "profile",
  does: "profile, suggested expectations and their check over fraud_transactions (593,487 rows, 9 columns), 2 threads",
  async run() {
    if (!publicDatasets()) throw fault("unavailable", "the public datasets aren't beside the checkout");
    const file = publicFile("fraud_transactions", "transactions.parquet");
    const engine = await openEngine({ files: [file], memoryMb: 2048, threads: 2 });
    try {
      await engine.view("transactions", file);
      const described = await engine.query<{ column_name: string; column_type: string }>("DESCRIBE transactions");
      const columns = described.map((d) => ({ name: d.column_name, type: storageType(d.column_type) }));
      const manifest = {
        ...{ name: "transactions", version: "0".repeat(64), kind: "source" as const, rows: 0, bytes: 0, columns },
        ...{
          time: "TX_DATETIME",
          arrived: null,
          declared: [],
          origin: "a bench",
          writtenAt: "",
          previous: null,
          notes: [],
        },
      };
      const steps: Record<"profileMs" | "relationsMs" | "checkMs", number[]> = {
        profileMs: [],
        relationsMs: [],
        checkMs: [],
      };
      let counts = { rows: 0, expectations: 0 };
      const timed = async <T>(step: keyof typeof steps, work: () => Promise<T>): Promise<T> => {
        const from = performance.now();
        const came = await work();
        steps[step].push(performance.now() - from);
        return came;
      };
      for (let i = 0; i < times; i++) {
        const profile = await timed("profileMs", () => profileDataset(engine, manifest));
        const relations = await timed("relationsMs", () => findRelations(engine, manifest));
        const expectations = suggestExpectations(profile, new Set(), relations);
        await timed("checkMs", () => checkExpectations(engine, manifest, expectations));
        counts = { rows: profile.rows, expectations: expectations.length };
      }
      const medians = Object.fromEntries(Object.entries(steps).map(([step, ms]) => [step, round(median(ms))]));
      const totalMs = round(Object.values(medians).reduce((sum, ms) => sum + ms, 0));
      return { figures: { totalMs, ...medians, ...counts, columns: columns.length }, cases: [] };
    } finally {
      engine.close();
    }
  },
};
