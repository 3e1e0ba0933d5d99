import type { Column, ColumnType } from "@muster/shared/domain/dataset.ts";

/** The columns of a scored dataset in order; `probabilities` name the column of each class. */
export type ScoreColumns = {
  entity: string;
  prediction: string;
  /** Where the interval around a number begins and ends; empty where there is none. */
  interval: string[];
  probabilities: string[];
  columns: Column[];
};

const reasons = 3;

/** The name of a dataset that belongs to a model: `<model>_<suffix>`, cut where the lake's names end. */
export const derivedName = (model: string, suffix: string): string => `${model.slice(0, 62 - suffix.length)}_${suffix}`;

const slug = (text: string): string =>
  text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "") || "class";

/** The columns of a model's scores: the entity's key under its own name, then what was predicted and why. */
export function scoreColumns(
  entity: { name: string; type: ColumnType } | null,
  classes: readonly string[],
  target: ColumnType,
  hasInterval = false,
): ScoreColumns {
  const interval = hasInterval ? ["prediction_low", "prediction_high"] : [];
  const taken = new Set(["cutoff", "prediction", ...interval, "model_version", "scored_at"]);
  for (let i = 1; i <= reasons; i++) taken.add(`reason_${i}`);
  const free = (wanted: string): string => {
    let name = wanted;
    // DuckDB doesn't tell names apart by case.
    for (let i = 2; taken.has(name.toLowerCase()); i++) name = `${wanted}_${i}`;
    taken.add(name.toLowerCase());
    return name;
  };
  const key = { name: free(entity?.name ?? "row_key"), type: entity?.type ?? "text" };
  const probabilities = classes.map((label) => free(`probability_${slug(label)}`));
  const ofReasons = Array.from({ length: reasons }, (_, i) => `reason_${i + 1}`);
  return {
    entity: key.name,
    prediction: "prediction",
    interval,
    probabilities,
    columns: [
      key,
      { name: "cutoff", type: "timestamp" },
      { name: "prediction", type: classes.length === 0 ? "number" : target },
      ...[...interval, ...probabilities].map((name): Column => ({ name, type: "number" })),
      ...ofReasons.map((name): Column => ({ name, type: "text" })),
      { name: "model_version", type: "integer" },
      { name: "scored_at", type: "timestamp" },
    ],
  };
}
