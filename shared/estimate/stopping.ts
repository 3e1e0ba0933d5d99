import type { TrainingWork } from "../domain/estimate.ts";

/** A work whose boosting rounds are known (a finished one) or supposed. */
export type Work = TrainingWork & { keptRounds?: number };

/**
 * How far boosting goes before it stops early, as the sum of learning rate × depth over its rounds: what data need differs by
 * more than anything else in a training's cost, and hardly by what boosting is tuned by. log(reach) by kind of label is a
 * line over log(rows), and each problem lies apart from it by `between` (standard deviation); `within` is what trainings of one
 * problem differ by. `problems`: how far those seen lie from the line, and how often each was seen. `runs`: behind it.
 */
export type StoppingModel = {
  lines: Record<Kind, Line>;
  between: number;
  within: number;
  problems: ReadonlyMap<string, { apart: number; seen: number }>;
  runs: number;
};
type Kind = "classes" | "numbers";
type Line = { at: [number, number]; covariance: [[number, number], [number, number]] };

/** What is believed of log(reach) before any run: its line at 1,000 rows, and how far problems lie from it. */
const prior = {
  classes: { at: [Math.log(18), 0.2], spread: [0.4, 0.15] },
  numbers: { at: [Math.log(30), 0.25], spread: [0.4, 0.15] },
  between: 0.75,
  within: 0.2,
  weight: 20,
} as const;
/** Candidates of one run differ by this much (standard deviation of the logarithm) from what they reach together. */
export const candidatesApart = 0.3;

const kindOf = ({ data }: TrainingWork): Kind => (data?.task === "regression" ? "numbers" : "classes");
const sizeOf = ({ rows }: TrainingWork): number => Math.log(rows / 1000);

const numberOf = ({ parameters }: TrainingWork, name: string, otherwise: number): number => {
  const value = Number(parameters?.[name] ?? otherwise);
  return Number.isFinite(value) && value > 0 ? value : otherwise;
};
const stepOf = (work: TrainingWork): number => numberOf(work, "learningRate", 0.1) * numberOf(work, "maxDepth", 6);

/** The work as boosting that reaches so far; other kinds, and boosting that doesn't stop early, as they are. */
export function reaching(work: TrainingWork, reach: number): Work {
  if (work.algorithm !== "xgboost") return work;
  return { ...work, keptRounds: Math.max(1, Math.min(work.rounds, reach / stepOf(work))) };
}

/** The mean log(reach) of the boosting in a run; null where none kept count. */
function reachOf(run: readonly Work[]): { work: Work; log: number } | null {
  const boosted = run.filter(({ algorithm, keptRounds }) => algorithm === "xgboost" && keptRounds !== undefined);
  if (boosted.length === 0) return null;
  const log = boosted.reduce((sum, work) => sum + Math.log(work.keptRounds! * stepOf(work)), 0) / boosted.length;
  return { work: boosted[0]!, log };
}

/** The line most likely behind some points, held by the prior: Bayesian regression with known noise. */
function lineOf(points: readonly { size: number; log: number }[], kind: Kind, noise: number): Line {
  const { at, spread } = prior[kind];
  let [a, b, c] = [spread[0] ** -2, 0, spread[1] ** -2];
  let [u, v] = [at[0] * a, at[1] * c];
  for (const { size, log } of points) {
    const weight = noise ** -2;
    a += weight;
    b += weight * size;
    c += weight * size ** 2;
    u += weight * log;
    v += weight * size * log;
  }
  const determinant = a * c - b * b;
  return {
    at: [(c * u - b * v) / determinant, (a * v - b * u) / determinant],
    covariance: [
      [c / determinant, -b / determinant],
      [-b / determinant, a / determinant],
    ],
  };
}

const onLine = ({ at }: Line, size: number): number => at[0] + at[1] * size;

/** Learns how far boosting goes from finished runs, oldest first; without any it is what was believed before. */
export function fitStopping(runs: readonly (readonly Work[])[]): StoppingModel {
  const seen = runs.flatMap((run) => {
    const reached = reachOf(run);
    return reached
      ? [{ kind: kindOf(reached.work), size: sizeOf(reached.work), log: reached.log, problem: reached.work.problem }]
      : [];
  });
  const of = (kind: Kind) => seen.filter((one) => one.kind === kind);
  let between: number = prior.between;
  let lines = { classes: lineOf([], "classes", between), numbers: lineOf([], "numbers", between) };
  for (let round = 0; round < 3; round++) {
    lines = {
      classes: lineOf(of("classes"), "classes", between),
      numbers: lineOf(of("numbers"), "numbers", between),
    };
    const squares = seen.reduce((sum, { kind, size, log }) => sum + (log - onLine(lines[kind], size)) ** 2, 0);
    between = Math.sqrt((prior.weight * prior.between ** 2 + squares) / (prior.weight + seen.length));
  }
  const problems = new Map<string, { apart: number; seen: number }>();
  for (const { kind, size, log, problem } of seen) {
    if (problem === undefined) continue;
    const held = problems.get(problem) ?? { apart: 0, seen: 0 };
    const apart = (held.apart * held.seen + log - onLine(lines[kind], size)) / (held.seen + 1);
    problems.set(problem, { apart, seen: held.seen + 1 });
  }
  return { lines, between, within: prior.within, problems, runs: seen.length };
}

/**
 * log(reach) of boosting on some work, as a normal: from the line and, where trainings of the same problem were seen, from
 * how far those lay from it.
 */
export function reachOfWork(model: StoppingModel, work: TrainingWork): { log: number; sd: number; seen: number } {
  const line = model.lines[kindOf(work)];
  const size = sizeOf(work);
  const [[aa, ab], [, bb]] = line.covariance;
  const unsure = aa + 2 * ab * size + bb * size ** 2;
  const before = work.problem === undefined ? undefined : model.problems.get(work.problem);
  const between = model.between ** 2;
  const within = model.within ** 2;
  const trust = before ? (before.seen * between) / (before.seen * between + within) : 0;
  return {
    log: onLine(line, size) + trust * (before?.apart ?? 0),
    sd: Math.sqrt(between * (1 - trust) + (trust > 0 ? within : 0) + unsure * (1 - trust)),
    seen: before?.seen ?? 0,
  };
}
