import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pinOf } from "@muster/shared/domain/dataset.ts";
import type { Feature } from "@muster/shared/domain/feature.ts";
import { fault } from "@muster/shared/fault.ts";
import { compileMatrix, type MatrixRole } from "@muster/shared/features/matrix.ts";
import { flatProblem } from "@muster/shared/features/testing-problem.ts";
import { duckdb } from "@muster/shared/warehouse/dialects/duckdb.ts";
import { ingest } from "@muster/shared/warehouse/ingest.ts";
import { openLake } from "@muster/shared/warehouse/lake.ts";
import { writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { type Bench, median, round } from "../support/measure.ts";
import { publicDatasets, publicFile } from "../support/story.ts";

const repeats = 3;
const TEN_MINUTES = 10 / 1440;
const dataset = "fraud_transactions";

const problem = flatProblem({
  ...{ dataset, target: "TX_FRAUD", entity: "TRANSACTION_ID", time: "TX_DATETIME", labelDelayDays: 7 },
  label: { kind: "column", column: "TX_FRAUD", positive: "1" },
  holdout: { kind: "last_time", share: 0.2, time: "TX_DATETIME" },
});
const past = (key: string) => ({ table: dataset, key, localKey: key, time: "TX_DATETIME", arrived: null });
const keys = ["CUSTOMER_ID", "TERMINAL_ID"];
const window = (key: string, days: number, more: Partial<Extract<Feature, { kind: "window" }>> = {}): Feature => ({
  ...{ kind: "window" as const, name: `${key}_${more.aggregate ?? "count"}_${round(days)}d`, ...past(key), days },
  ...{ aggregate: "count" as const, column: null, where: null, ...more },
});

const views: Record<string, Feature[]> = {
  "counts over 10 minutes and 7 days": keys.flatMap((key) => [window(key, TEN_MINUTES), window(key, 7)]),
  "the same, with mean amounts, the last amount, time since, and the rate of fraud over 7 and 30 days": keys.flatMap(
    (key): Feature[] => [
      ...[TEN_MINUTES, 7].flatMap((days) => [
        window(key, days),
        window(key, days, { aggregate: "mean", column: "TX_AMOUNT" }),
      ]),
      { kind: "recency_days", name: `${key}_since`, ...past(key) },
      { kind: "lag", name: `${key}_last`, ...past(key), column: "TX_AMOUNT", type: "number", back: 1 },
      { kind: "label_rate", name: `${key}_rate_7d`, key, days: 7, delayDays: 7 },
      { kind: "label_rate", name: `${key}_rate_30d`, key, days: 30, delayDays: 7 },
    ],
  ),
};

/** Windows over an event table's own past: from its snapshot to the written matrix, labels and sorting included. */
export const bench: Bench = {
  name: "windows",
  does: "10-minute and 7-day counts per customer and per terminal of fraud_transactions, from snapshot to written matrix",
  async run() {
    if (!publicDatasets())
      throw fault("not_found", "windows are measured on ../shared/datasets, which isn't beside the checkout");
    const home = await mkdtemp(join(tmpdir(), "muster-windows-"));
    try {
      const lake = await openLake(home);
      const inbox = join(home, "inbox");
      await mkdir(inbox);
      await copyFile(publicFile(dataset, "transactions.parquet"), join(inbox, "transactions.parquet"));
      const source = await ingest({ lake, inbox, file: "transactions.parquet", name: dataset, now: new Date(0) });
      const pin = pinOf(source.name, source.version);
      const seconds = async (features: Feature[], role: MatrixRole) => {
        const relation = { relation: dataset, columns: source.columns };
        const from = performance.now();
        const used = process.cpuUsage();
        const { rows } = await writeQuery(lake, {
          ...{ name: `windows_${role}`, kind: "features", inputs: [pin], origin: "a bench", now: new Date(0) },
          sql: compileMatrix(
            duckdb,
            problem,
            { features },
            { dataset: relation, tables: { [dataset]: relation } },
            role,
          ).sql,
          limits: { threads: 2, memoryMb: 2048, timeLimitMs: 600_000 },
        });
        const { user, system } = process.cpuUsage(used);
        return { rows, seconds: (performance.now() - from) / 1000, cpuSeconds: (user + system) / 1e6 };
      };
      const cases = [];
      for (const [view, features] of Object.entries(views))
        for (const role of ["training", "scoring"] as const) {
          const runs: Awaited<ReturnType<typeof seconds>>[] = [];
          for (let i = 0; i < repeats; i++) runs.push(await seconds(features, role));
          const took = (of: "seconds" | "cpuSeconds") => round(median(runs.map((run) => run[of])));
          const { rows } = runs[0]!;
          const each = { view, features: features.length, role, rows };
          cases.push({ ...each, seconds: took("seconds"), cpuSeconds: took("cpuSeconds") });
        }
      const all = cases.find(({ role }) => role === "scoring")!;
      const { rows, seconds: countsSeconds, cpuSeconds: countsCpuSeconds } = all;
      return { figures: { rows, countsSeconds, countsCpuSeconds, windowsSeconds: cases.at(-1)!.seconds }, cases };
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  },
};
