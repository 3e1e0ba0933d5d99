import { setImmediate } from "node:timers/promises";
import type { Context } from "@muster/bus/context.ts";
import type { RunResult } from "@muster/shared/domain/model.ts";
import { denseClusters } from "@muster/shared/stats/bootstrap.ts";
import { holm } from "@muster/shared/stats/correction.ts";
import { openPins } from "@muster/shared/warehouse/write-query.ts";
import { z } from "zod";
import type { MlDeps } from "../index.ts";
import { correctedT } from "./corrected-t.ts";
import { type OutOfFoldFile, readHoldout, readOutOfFold } from "./kept-answers.ts";
import type { Question } from "./one-question.ts";
import {
  type Answered,
  foldDifferences,
  type PairedInterval,
  pairedBootstrap,
  testToTrain,
  unpaired,
} from "./paired.ts";
import type { BoardLine } from "./side-by-side.ts";
import { evaluationOf } from "./trained-facts.ts";

const Interval = z.object({
  /** The best run's figure minus the other's, and the 95 % interval by drawing rows again. */
  value: z.number(),
  low: z.number(),
  high: z.number(),
  rows: z.number().int(),
  /** Entities drawn as a whole; null where each row is one. */
  groups: z.number().int().nullable(),
});

/** The best run against another one. */
export const Pair = z.object({
  best: z.string(),
  other: z.string(),
  /** Over the same folds; null where they can't be paired. An approximation that suits dependent folds, not a test. */
  folds: z
    .object({
      method: z.literal("corrected resampled t (Nadeau and Bengio 2003)"),
      folds: z.number().int(),
      difference: z.number(),
      se: z.number(),
      t: z.number().nullable(),
      p: z.number(),
      /** p after Holm's correction for all the pairs of this comparison. */
      pCorrected: z.number(),
      low: z.number(),
      high: z.number(),
    })
    .nullable(),
  /** Over the out-of-fold answers to the same rows. */
  rows: Interval.nullable(),
  /** Over the kept answers to the same sealed rows; null where they weren't both evaluated on them. No new look. */
  holdout: Interval.nullable(),
  /** `better`: corrected p below 0.05, and the interval over rows on the same side of zero. */
  verdict: z.enum(["better", "not shown", "not paired"]),
  why: z.string(),
});
export type Pair = z.infer<typeof Pair>;

type Deps = Context & Pick<MlDeps, "lake" | "evidence">;
type Run = { line: BoardLine; result: RunResult; oof: OutOfFoldFile };

const method = "corrected resampled t (Nadeau and Bengio 2003)" as const;

/** The best run against each other, paired wherever the same rows were answered; p's are corrected for their number. */
export async function comparePairs(
  lines: readonly BoardLine[],
  results: ReadonlyMap<string, RunResult>,
  question: Question,
  context: Deps,
): Promise<Pair[]> {
  const [first, ...rest] = lines;
  const kept = async (line: BoardLine): Promise<Run | null> => {
    const result = results.get(line.run);
    if (!result || line.measured !== "cross-validated") return null;
    return { line, result, oof: await readOutOfFold(result.artifacts.oof, context.getArtifact) };
  };
  const best = await kept(first!);
  const cluster = best && (await entitiesOf(best, context));
  const pairs: Pair[] = [];
  for (const line of rest) {
    await setImmediate();
    const other = best && (await kept(line));
    pairs.push(await pairOf(first!, line, best, other, cluster ?? null, question, context));
  }
  return corrected(pairs, question.direction);
}

async function pairOf(
  first: BoardLine,
  line: BoardLine,
  best: Run | null,
  other: Run | null,
  cluster: Entities | null,
  question: Question,
  context: Deps,
): Promise<Pair> {
  const named = { best: first.run, other: line.run };
  const none = { ...named, folds: null, rows: null, holdout: null, verdict: "not paired" as const };
  if (!best || !other)
    return { ...none, why: "one of them was not cross-validated here: their figures stand side by side only" };
  const holdout = await onSealedRows(best, other, question, context);
  const why = unpaired(best.oof, other.oof);
  if (why !== null) return { ...none, holdout, why: `${why}: their figures stand side by side only` };
  const differences = foldDifferences(best.oof, other.oof, question.metric);
  if (differences.length < 2) return { ...none, holdout, why: "fewer than two folds have a score of both" };
  const { folds, mean, se, t, p, low, high } = correctedT(differences, testToTrain(best.oof));
  const rows = cluster === "gone" ? null : overRows(best, other, cluster, question, context.seed);
  return {
    ...named,
    folds: { method, folds, difference: mean, se, t, p, pCorrected: p, low, high },
    ...{ rows, holdout, verdict: "not shown" },
    why: cluster === "gone" ? "the training file is gone, so that rows can't be drawn again by entity" : "",
  };
}

/** Dense indices of the entity of each out-of-fold row; null where every row is its own; `gone` with the file. */
type Entities = Int32Array | "gone" | null;

async function entitiesOf({ result, oof }: Run, { lake }: Deps): Promise<Entities> {
  const { training } = result;
  const standing = await lake.standing(training).then(
    () => true,
    () => false,
  );
  if (!standing) return "gone";
  const { columns } = await lake.manifest(training);
  if (!columns.some(({ name }) => name === "__entity")) return null;
  const engine = await openPins(lake, { t: training });
  try {
    const found = await engine.query<{ row: number; entity: string | null }>(
      `SELECT __row::DOUBLE AS row, __entity::VARCHAR AS entity FROM t`,
    );
    const entity = new Map(found.map(({ row, entity: id }) => [row, id]));
    // A row without an entity stands for itself.
    return denseClusters(oof.row.map((row) => (entity.get(row) == null ? `row ${row}` : `entity ${entity.get(row)}`)));
  } finally {
    engine.close();
  }
}

function overRows(best: Run, other: Run, cluster: Int32Array | null, { task, metric }: Question, seed: number) {
  const scored = Array.from(best.oof.fold.keys()).filter((i) => best.oof.fold[i]! >= 0);
  const pick = <T>(values: readonly T[]) => scored.map((i) => values[i]!);
  const answered = ({ oof, result }: Run): Answered => ({
    ...{ row: pick(oof.row), label: pick(oof.label), prediction: oof.prediction.map(pick) },
    threshold: result.threshold,
  });
  const groups = cluster && Int32Array.from(scored, (i) => cluster[i]!);
  return pairedBootstrap(task!, metric, [answered(best), answered(other)], { cluster: groups, seed });
}

async function onSealedRows(
  best: Run,
  other: Run,
  { task, metric }: Question,
  { evidence, getArtifact, seed }: Deps,
): Promise<PairedInterval | null> {
  const [a, b] = await Promise.all([best, other].map(({ result }) => evaluationOf(result.model, evidence)));
  if (!a || !b) return null;
  const [own, others] = [await readHoldout(a.predictions, getArtifact), await readHoldout(b.predictions, getArtifact)];
  const same = own.row.length === others.row.length && own.row.every((row, i) => row === others.row[i]);
  if (!same || own.label.some((label, i) => label !== others.label[i])) return null;
  const cluster = own.cluster && Int32Array.from(own.cluster);
  return pairedBootstrap(task!, metric, [own, others], { cluster, seed });
}

const short = (value: number) => String(Number(value.toPrecision(3)));

function corrected(pairs: Pair[], direction: 1 | -1): Pair[] {
  const paired = pairs.filter(({ folds }) => folds !== null);
  const ps = holm(paired.map(({ folds }) => folds!.p));
  for (const [i, pair] of paired.entries()) {
    const p = ps[i]!;
    pair.folds!.pCorrected = p;
    const { rows } = pair;
    const apart = rows !== null && (direction > 0 ? rows.low > 0 : rows.high < 0);
    const ahead = direction * pair.folds!.difference > 0;
    const about = `corrected p ${short(p)} over ${pair.folds!.folds} folds`;
    const drawn = rows ? `; over ${rows.rows} rows ${short(rows.low)} to ${short(rows.high)}` : "";
    pair.verdict = p < 0.05 && apart && ahead ? "better" : "not shown";
    pair.why = [`${about}${drawn}`, pair.why].filter(Boolean).join("; ");
  }
  return pairs;
}
