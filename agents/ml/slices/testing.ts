import { normal, seededRandom, shuffled } from "@muster/shared/random.ts";
import { denseClusters } from "@muster/shared/stats/bootstrap.ts";
import type { FeatureColumn } from "../matrix.ts";
import { sigmoid } from "../score.ts";
import { type HeldOut, heldOutRows, rowErrors } from "./errors.ts";
import { type FoundSlice, findSlices, jaccard, type SliceColumn } from "./find-slices.ts";
import { type Clusters, clustersOf } from "./halves.ts";
import { insideOf } from "./inside.ts";

/** Where a made model is made to be wrong. */
export type Plant = "range" | "category" | "missing" | "two" | "three" | "probe" | "none";
export const plants: readonly Plant[] = ["range", "category", "missing", "two", "three", "probe"];

/** A made world: columns, what a model answered out of fold, and the rows of the plant (null: none). */
export type World = {
  plant: Plant;
  task: "binary" | "regression";
  columns: SliceColumn[];
  held: HeldOut;
  threshold: number | null;
  clusters: Clusters;
  planted: Uint8Array | null;
};

const worldRows = 6000;

/**
 * A world of 6,000 rows. The label follows six columns by a curve that the model knows but for noise, so that it is wrong
 * more often where the two classes are close; in the planted rows (2.5 to 15 % of all) the label follows another rule,
 * which the model doesn't know: most answers there are turned round (a number: shifted by 1.5 to 2.5 times the noise). Every third
 * world has repeated entities with a common effect, every fourth rare positives, every fifth a number to predict.
 */
export function madeWorld(seed: number, plant: Plant): World {
  const random = seededRandom(seed * 7919 + 13);
  const rows = worldRows;
  const repeated = seed % 3 === 0;
  const task = seed % 5 === 0 ? "regression" : "binary";
  const rare = task === "binary" && seed % 4 === 0;
  const number = (value: () => number) => Float64Array.from({ length: rows }, value);
  const pick = (words: string[], shares: number[]) => {
    const at = random();
    const ends = shares.map((_, i) => shares.slice(0, i + 1).reduce((sum, share) => sum + share, 0));
    return words[ends.findIndex((end) => at < end)] ?? words.at(-1)!;
  };
  const entity = repeated ? Array.from({ length: rows }, () => `e${Math.floor(random() * (rows / 6))}`) : null;
  const own = new Map<string, number>();
  for (const id of entity ?? []) if (!own.has(id)) own.set(id, normal(random) * 0.4);
  const tenure = number(() => Math.floor(random() * 72));
  const income = number(() => Math.exp(7 + 0.6 * normal(random)));
  const score = number(() => normal(random));
  const amount = number(() => Math.round(Math.exp(3 + 1.1 * normal(random)) * 100) / 100);
  const visits = number(() => (random() < 0.12 ? Number.NaN : Math.floor(-Math.log(1 - random()) * 4)));
  const plan = Array.from({ length: rows }, () => pick(["basic", "plus", "max", "trial"], [0.5, 0.25, 0.17]));
  const region = Array.from({ length: rows }, () => `r${Math.floor(random() ** 2 * 12)}`);
  const device = Array.from({ length: rows }, () => pick(["phone", "web", "tablet"], [0.6, 0.3]));
  const seconds = number(() => Math.round(Math.exp(10 + 2 * normal(random))));
  const events = number(() => 1 + Math.floor(-Math.log(1 - random()) / (random() < 0.1 ? 0.25 : 2)));
  const columns = { tenure, income, score, amount, visits, plan, region, device, seconds, events };
  const planted = plantedRows(plant, columns, random);
  const z = number(() => 0);
  for (let i = 0; i < rows; i++)
    z[i] =
      1.2 * score[i]! +
      (tenure[i]! - 36) / 24 +
      (plan[i] === "max" ? 0.9 : 0) -
      Math.abs(Math.log(income[i]!) - 7) +
      (device[i] === "web" ? -0.5 : 0) +
      (entity === null ? 0 : own.get(entity[i]!)!) -
      (rare ? 3 : 0);
  const known = z.map((value) => value + 0.25 * normal(random));
  const strength = 0.6 + 0.3 * random();
  const shift = (1.5 + random()) * (random() < 0.5 ? -1 : 1);
  const label =
    task === "regression"
      ? z.map((value, i) => value + 0.7 * normal(random) + (planted?.[i] === 1 ? shift * 0.7 * 2 : 0))
      : z.map((value, i) => {
          const yes = random() < sigmoid(value);
          return Number(planted?.[i] === 1 && random() < strength ? sigmoid(value) < 0.5 : yes);
        });
  const positive = known.map(sigmoid);
  const prediction = task === "regression" ? [known] : [positive.map((p) => 1 - p), positive];
  // A first block of time that was never held out, as forward folds leave it.
  const fold = Int32Array.from({ length: rows }, (_, i) => (seed % 7 === 0 && i % 6 === 0 ? -1 : i % 5));
  const from = { seconds: "probe", events: "probe", device: "column", amount: "column", region: "column" } as const;
  return {
    ...{ plant, task, planted, held: { fold, label, prediction } },
    threshold: task === "regression" ? null : rare ? 0.3 : 0.5,
    columns: Object.entries(columns).map(([name, values]) => ({
      column: (values instanceof Float64Array
        ? { name, type: "number", values }
        : { name, type: "category", values }) as FeatureColumn,
      from: name in from ? from[name as keyof typeof from] : "feature",
      ...{ said: name, times: 1 },
      features: [],
    })),
    clusters: clustersOf(entity && denseClusters(entity), null, rows),
  };
}

type Columns = Record<"tenure" | "income" | "score" | "amount" | "visits" | "seconds" | "events", Float64Array> &
  Record<"plan" | "region" | "device", string[]>;

/** The rows of a plant: conditions drawn anew until they take 2.5 to 15 % of the rows. */
function plantedRows(plant: Plant, columns: Columns, random: () => number): Uint8Array | null {
  if (plant === "none") return null;
  const numbers = ["tenure", "income", "score", "amount"] as const;
  const categories = ["plan", "region", "device"] as const;
  type Is = (row: number) => boolean;
  const range = (name: (typeof numbers)[number], share: number): Is => {
    const ascending = columns[name].toSorted();
    const start = random() * (1 - share);
    const low = ascending[Math.floor(start * ascending.length)]!;
    const high = ascending[Math.floor((start + share) * ascending.length)]!;
    return (row) => columns[name][row]! >= low && columns[name][row]! < high;
  };
  const category = (name: (typeof categories)[number]): Is => {
    const values = columns[name];
    const value = values[Math.floor(random() * values.length)]!;
    return (row) => values[row] === value;
  };
  const draw = (): Is[] => {
    const order = Array.from(shuffled(numbers.length, random), (i) => numbers[i]!);
    const named = categories[Math.floor(random() * categories.length)]!;
    const wide = () => 0.25 + 0.35 * random();
    if (plant === "range") return [range(order[0]!, 0.03 + 0.1 * random())];
    if (plant === "category") return [category(named)];
    if (plant === "missing")
      return [(row) => Number.isNaN(columns.visits[row]!), range(order[0]!, 0.4 + 0.5 * random())];
    if (plant === "two") return [range(order[0]!, wide()), category(named)];
    if (plant === "three") return [range(order[0]!, wide() + 0.15), range(order[1]!, wide() + 0.15), category(named)];
    const least = 4 + Math.floor(random() * 4);
    const most = Math.exp(8 + 1.5 * random());
    const probe: Is = random() < 0.5 ? (row) => columns.events[row]! >= least : (row) => columns.seconds[row]! < most;
    return [probe, range(order[0]!, 0.4 + 0.4 * random())];
  };
  for (;;) {
    const all = draw();
    const planted = Uint8Array.from({ length: worldRows }, (_, row) => Number(all.every((is) => is(row))));
    const share = planted.reduce((sum, one) => sum + one, 0) / worldRows;
    if (share >= 0.025 && share <= 0.15) return planted;
  }
}

/** What was found in a world, how many of it are the plant (Jaccard ≥ 0.5 over the judged rows), and whether the plant was found. */
export async function search(world: World, seed: number) {
  const rows = heldOutRows(world.held);
  const { errors } = rowErrors(world.task, world.threshold, world.held, rows);
  const columns = world.columns.map((one): SliceColumn => ({ ...one, column: taken(one.column, rows) }));
  const clusters = { ...world.clusters, of: Int32Array.from(rows, (row) => world.clusters.of[row]!) };
  const { slices, hard, tested } = await findSlices(columns, errors, clusters, seed, async () => {});
  const planted = world.planted && Uint8Array.from(rows, (row) => world.planted![row]!);
  const right = slices.filter((slice) => planted !== null && jaccard(planted, insideOf(slice, columns)) >= 0.5);
  return { slices, hard, tested, right: right as FoundSlice[], found: right.length > 0 };
}

const taken = (column: FeatureColumn, rows: Int32Array): FeatureColumn =>
  column.type === "number"
    ? { ...column, values: Float64Array.from(rows, (row) => column.values[row]!) }
    : { ...column, values: Array.from(rows, (row) => column.values[row]!) };
