import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TrainJob } from "@muster/ml/training/job.ts";
import { inMemory } from "@muster/ml/training/memory-plan.ts";
import { selectCandidates } from "@muster/ml/training/select-candidates.ts";
import { ranOutOfMemory, trainInChild } from "@muster/ml/training/spawn.ts";
import { trainWithin } from "@muster/ml/training/train-within.ts";
import { adjustmentText } from "@muster/shared/domain/adjustment-text.ts";
import { openEngine, quoteLiteral } from "@muster/shared/warehouse/duckdb.ts";
import { type Bench, round } from "../support/measure.ts";

const limitMb = 600;
const columns = 300;
const rounds = 10;
/** Rows that are tried in memory first, and by how much more they become until they don't fit. */
const firstRows = 24_000;
const growth = 1.15;

/** Ten times the rows that fit into a fixed memory limit: how many of them are trained on under it, and what was changed. */
export const bench: Bench = {
  name: "training-memory",
  does: "the rows that a training of 300 columns holds in 600 MB, and how many of ten times as many it trains on under the same limit",
  async run() {
    const folder = await mkdtemp(join(tmpdir(), "muster-training-memory-"));
    const cases: Record<string, unknown>[] = [];
    const train = async (rows: number, held: "in memory" | "as it fits") => {
      const file = join(folder, `training-${rows}.parquet`);
      await writeRows(file, rows);
      const from = performance.now();
      try {
        const asked = jobOf(file, rows);
        const found =
          held === "in memory"
            ? { ...(await trainInChild({ ...asked, plan: inMemory })), adjustments: [] }
            : await trainWithin(asked, rows);
        const { mean } = found.board.find(({ chosen }) => chosen)!.cv.roc_auc!;
        const measured = { trainedOn: found.rows, peakMb: Math.round(found.peakMemoryMb), rocAuc: round(mean) };
        const seconds = round((performance.now() - from) / 1000);
        cases.push({ rows, held, ...measured, seconds, changed: found.adjustments.map(adjustmentText) });
        return measured;
      } catch (error) {
        if (held !== "in memory" || !ranOutOfMemory(error)) throw error;
        cases.push({ rows, held, peakMb: Math.round(Number(error.data.peakMemoryMb)), ended: error.message });
        return null;
      } finally {
        await rm(file, { force: true });
      }
    };
    try {
      let fit = 0;
      for (let rows = firstRows; await train(rows, "in memory"); rows = Math.round(rows * growth)) fit = rows;
      const tenfold = await train(10 * fit, "as it fits");
      return {
        figures: {
          limitMb,
          rowsThatFit: fit,
          rowsAsked: 10 * fit,
          rowsTrained: tenfold!.trainedOn,
          peakMb: tenfold!.peakMb,
          rocAucOfRowsThatFit: (cases.findLast(({ rows }) => rows === fit)?.rocAuc as number) ?? null,
          rocAuc: tenfold!.rocAuc,
        },
        cases,
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** Numbers that a hash draws, of which five tell the label. */
async function writeRows(file: string, rows: number): Promise<void> {
  const engine = await openEngine({ files: [file], memoryMb: 2000, threads: 2, timeLimitMs: 600_000 });
  const drawn = Array.from(
    { length: columns },
    (_, c) => `((hash(i * ${columns} + ${c}) % 1000003) / 1000003)::FLOAT AS n${c}`,
  );
  await engine.run(`COPY (
    SELECT i::INTEGER AS __row, 'e' || i AS __entity, NULL::TIMESTAMP AS __cutoff,
      CASE WHEN n0 + n1 * n2 + 0.5 * n3 + 0.4 * n4 > 1.2 THEN 'yes' ELSE 'no' END AS __label, * EXCLUDE (i)
    FROM (SELECT i, ${drawn.join(", ")} FROM range(${rows}) t(i))) TO ${quoteLiteral(file)} (FORMAT parquet)`);
  engine.close();
}

function jobOf(file: string, rows: number): TrainJob {
  const shape = {
    task: "binary" as const,
    rows,
    numbers: columns,
    categories: 0,
    classes: 2,
    minority: rows / 3,
    folds: 3,
  };
  const candidates = selectCandidates(shape)
    .filter(({ name }) => name === "constant" || name === "xgboost_shallow")
    .map((one) => {
      const { params } = one;
      return params.algorithm === "xgboost"
        ? { ...one, params: { ...params, trees: { ...params.trees, rounds } } }
        : one;
    });
  return {
    ...{ file, task: "binary", metric: "roc_auc", positive: "yes", candidates, folds: 3, time: null, costs: null },
    features: Array.from({ length: columns }, (_, c) => ({ name: `n${c}`, type: "number" as const })),
    ...{ seed: 1, threads: 2, cpuSecondsLimit: 7200, memoryLimitMb: limitMb, xgboostLibrary: null },
  };
}
