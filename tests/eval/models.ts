import { SearchBudget } from "@muster/shared/domain/search.ts";
import { type Evaluation, type Measured, round } from "../support/measure.ts";
import { bikeHours, seasonalNaive } from "./models/bike.ts";
import { fraud } from "./models/fraud.ts";
import { nested } from "./models/nested.ts";
import type { FoldAnswer } from "./models/nested-fold.ts";
import type { PublicTable } from "./models/public-set.ts";

const seeds = [1, 2, 3];
const outer = 10;
/** What an asker who says nothing gets. */
const { trials } = SearchBudget.parse({});
/** A fold has 60 seconds: what is left over is for reading, the final scoring and the other process beside it. */
const cpuSeconds = 55;
/** One training of 13,000 rows by the hour is no fold of many. */
const bikeCpuSeconds = 180;

const flat = (name: string, header: boolean, label: string, without: readonly string[] = []): PublicTable => ({
  ...{ file: [name, `${name}.csv`], header, label, without, task: "binary", metric: "roc_auc", time: null },
});
const tables = {
  credit_g: flat("credit_g", true, "class"),
  phoneme: flat("phoneme", false, "column5"),
  telco_churn: flat("telco_churn", true, "Churn", ["customerID"]),
};

function meanOf(values: readonly number[]): { mean: number; se: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, se: Math.sqrt(variance / values.length) };
}

const caseOf = (dataset: string, { tuned, untuned, seconds, cpuSeconds, ...rest }: FoldAnswer) => ({
  ...{ dataset, ...rest, tuned: round(tuned), untuned: round(untuned) },
  ...{ seconds: round(seconds), cpuSeconds: round(cpuSeconds) },
});

/** Nested cross-validation of a table: all tuning inside the outer fold, plain logistic regression on the same folds beside it. */
async function nestedAuc(name: keyof typeof tables): Promise<Measured> {
  const jobs = seeds.flatMap((seed) =>
    Array.from({ length: outer }, (_, fold) => ({
      ...{ table: tables[name], part: { outer, fold }, seed, trials, cpuSeconds },
    })),
  );
  const answers = await nested(jobs);
  const tuned = meanOf(answers.map((one) => one.tuned));
  const plain = meanOf(answers.map(({ untuned }) => untuned));
  const lead = meanOf(answers.map((one) => one.tuned - one.untuned));
  return {
    figures: {
      [`${name}Auc`]: round(tuned.mean),
      [`${name}AucSe`]: round(tuned.se),
      [`${name}LogisticAuc`]: round(plain.mean),
      [`${name}LeadOverLogistic`]: round(lead.mean),
      [`${name}LeadSe`]: round(lead.se),
      [`${name}SecondsAFoldAtMost`]: round(Math.max(...answers.map(({ seconds }) => seconds))),
    },
    cases: answers.map((one) => caseOf(name, one)),
  };
}

/** Rentals by the hour: tuned on the first 18 months, judged on the rest. */
async function bikeRmse(): Promise<Measured> {
  const answers = await nested(
    seeds.map((seed) => ({ table: bikeHours, part: "later" as const, seed, trials, cpuSeconds: bikeCpuSeconds })),
  );
  const tuned = meanOf(answers.map((one) => one.tuned));
  return {
    figures: {
      bike_sharingRmse: round(tuned.mean),
      bike_sharingRmseSe: round(tuned.se),
      bike_sharingUntunedXgboostRmse: round(answers[0]!.untuned),
      bike_sharingSeasonalNaiveRmse: round(await seasonalNaive()),
      bike_sharingSecondsAtMost: round(Math.max(...answers.map(({ seconds }) => seconds))),
    },
    cases: answers.map((one) => caseOf("bike_sharing", one)),
  };
}

const parts: Record<string, () => Promise<Measured>> = {
  credit_g: () => nestedAuc("credit_g"),
  phoneme: () => nestedAuc("phoneme"),
  telco_churn: () => nestedAuc("telco_churn"),
  bike_sharing: bikeRmse,
  fraud,
};

/** Tuned models on public tables, against what the field reaches; `muster eval models:credit_g` takes one of them. */
export const evaluation: Evaluation = {
  name: "models",
  does: "tuned models on five public tables: nested AUC over 10 folds and 3 seeds, bicycle rentals and fraud in the order of time",
  parts: Object.keys(parts),
  async run(part) {
    const figures: Measured["figures"] = {};
    const cases: Measured["cases"] = [];
    for (const [name, measure] of Object.entries(parts)) {
      if (part !== undefined && part !== name) continue;
      const measured = await measure();
      Object.assign(figures, measured.figures);
      cases.push(...measured.cases);
    }
    return { figures, cases };
  },
};
