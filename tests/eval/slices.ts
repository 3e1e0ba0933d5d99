import { madeWorld, type Plant, plants, search } from "@muster/ml/slices/testing.ts";
import { type Evaluation, round } from "../support/measure.ts";

const worlds = 50;
const clean = 50;
/** The method was tried on seeds 1 to 50 and 101 to 200 while it was written; these are others. */
const firstSeed = 1001;

type Case = { seed: number; plant: Plant; task: string; planted: number; found: boolean; told: number; right: number };

/**
 * Error slices against planted ones: made worlds in which a model knows how the label comes about but for one slice, by a
 * range, a category, a missing value, conjunctions of two and three, and probes. A plant is found where a slice that is told
 * shares at least half of its rows with it (Jaccard). Worlds without a plant must give no slice.
 */
export const evaluation: Evaluation = {
  name: "slices",
  does: "error slices against planted ones in made worlds, and against worlds without any",
  async run() {
    const cases: Case[] = [];
    for (let seed = firstSeed; seed < firstSeed + worlds; seed++) {
      const plant = plants[seed % plants.length]!;
      const world = madeWorld(seed, plant);
      const { slices, right, found } = await search(world, seed);
      const planted = world.planted!.reduce((sum, one) => sum + one, 0);
      cases.push({ seed, plant, task: world.task, planted, found, told: slices.length, right: right.length });
    }
    let nothing = 0;
    for (let seed = firstSeed; seed < firstSeed + clean; seed++) {
      const { slices } = await search(madeWorld(seed, "none"), seed);
      nothing += Number(slices.length === 0);
      if (slices.length > 0)
        cases.push({ seed, plant: "none", task: "", planted: 0, found: false, told: slices.length, right: 0 });
    }
    const planted = cases.filter(({ plant }) => plant !== "none");
    const sum = (of: (one: Case) => number) => planted.reduce((total, one) => total + of(one), 0);
    const recallOf = (plant: Plant) => {
      const own = planted.filter((one) => one.plant === plant);
      return round(own.filter(({ found }) => found).length / own.length);
    };
    return {
      figures: {
        recall: round(sum(({ found }) => Number(found)) / worlds),
        precision: round(sum(({ right }) => right) / sum(({ told }) => told)),
        ...Object.fromEntries(plants.map((plant) => [`recall_${plant}`, recallOf(plant)])),
        cleanWithoutSlice: round(nothing / clean),
        ...{ worlds, clean, jaccard: 0.5, firstSeed },
      },
      cases,
    };
  },
};
