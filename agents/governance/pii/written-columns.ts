import type { Evidence } from "@muster/bus/evidence.ts";
import { type DatasetManifest, type DatasetPin, parseDatasetRef, pinOf } from "@muster/shared/domain/dataset.ts";
import type { Feature, FeatureView } from "@muster/shared/domain/feature.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { isAhead, isOwnRow, ownColumns, readsLabels, relatedValues } from "@muster/shared/features/kinds.ts";
import { ruleTime, ruleValues } from "@muster/shared/features/label-rule.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { tombstoneOf } from "@muster/shared/warehouse/tombstone.ts";

/** A column of an exact dataset version. */
export type SourceColumn = { pin: DatasetPin; column: string };

/** Of each column that the swarm wrote, the columns it was made of; a column of a loaded dataset was made of none. */
export type WrittenFrom = ReadonlyMap<string, readonly SourceColumn[]>;

type Origin = { problem: Problem; view: FeatureView | null; scope: readonly string[] };

/** The columns that a feature's values are made of; keys by which rows are only found aren't among them. */
function readBy(feature: Feature, problem: Problem, view: FeatureView): { dataset: string; column: string }[] {
  const own = (columns: readonly string[]) => columns.map((column) => ({ dataset: view.dataset, column }));
  if (isOwnRow(feature)) return own(ownColumns(feature));
  if (isAhead(feature)) return own(feature.column === null ? [] : [feature.column]);
  if (readsLabels(feature))
    return [...own(feature.kind === "target_mean" ? [feature.column] : []), ...labelOf(problem)];
  return relatedValues(feature).map((column) => ({ dataset: feature.table, column }));
}

const labelOf = ({ dataset, label }: Problem) =>
  [ruleTime(label), ...ruleValues(label)].flatMap((column) => (column === null ? [] : [{ dataset, column }]));

/**
 * What the columns of a written version (labels, a matrix, scores, a prediction log) were made of, by the receipts of its
 * writing. What reasons tell in words may hold any value that the model reads.
 */
export async function writtenColumns(evidence: Evidence, lake: Lake, manifest: DatasetManifest): Promise<WrittenFrom> {
  const origin = manifest.kind === "source" ? null : await originOf(evidence, lake, manifest);
  if (!origin) return new Map();
  const { problem, view, scope } = origin;
  const pins = new Map(scope.map((pin) => [parseDatasetRef(pin).name, pin]));
  const at = (sides: readonly { dataset: string; column: string }[]): SourceColumn[] =>
    sides.flatMap(({ dataset, column }) => {
      const pin = pins.get(dataset);
      return pin ? [{ pin, column }] : [];
    });
  const features = new Map((view?.features ?? []).map((one) => [one.name, readBy(one, problem, view!)]));
  const all = [...features.values()].flat();
  const from = new Map<string, SourceColumn[]>();
  for (const { name } of manifest.columns) {
    if (name === "__entity" || name === problem.entity)
      from.set(name, problem.entity === null ? [] : at([{ dataset: problem.dataset, column: problem.entity }]));
    else if (/^(__label|__prediction|__probabilities|prediction|probability_.*)$/.test(name))
      from.set(name, at(labelOf(problem)));
    else if (/^reason_\d+$/.test(name)) from.set(name, at(all));
    else from.set(name, at(features.get(name) ?? []));
  }
  return from;
}

async function originOf(evidence: Evidence, lake: Lake, manifest: DatasetManifest): Promise<Origin | null> {
  const receipt = await writing(evidence, manifest.name, await cameFrom(lake, manifest));
  const stated = receipt && (await evidence.newest("problem.defined", { problem: receipt.about.problem }));
  if (!receipt || !stated) return null;
  const defined = receipt.about.view ? await evidence.newest("view.defined", { view: receipt.about.view }) : null;
  return {
    problem: await evidence.value<"problem.defined">(stated),
    view: defined && (await evidence.value<"view.defined">(defined)),
    scope: [receipt.about.scope].flat().filter((pin): pin is string => typeof pin === "string"),
  };
}

/** A version and those it was written anew from, when somebody was erased. */
async function cameFrom(lake: Lake, { name, version }: DatasetManifest): Promise<DatasetPin[]> {
  const own = [version];
  for (const pin of [...(await lake.everyVersion(name))].reverse()) {
    const stone = await tombstoneOf(lake, pin);
    if (stone?.successor && own.includes(stone.successor)) own.push(parseDatasetRef(pin).version!);
  }
  return own.map((one) => pinOf(name, one));
}

/** The newest receipt that says how a version was written, its view and scope among what it is about. */
async function writing(evidence: Evidence, name: string, pins: readonly DatasetPin[]) {
  const roles = ["training", "holdout", "scoring"] as const;
  for (const pin of pins)
    for (const role of roles) {
      const matrix = await evidence.newest("features.materialized", { [role]: pin });
      if (matrix) return matrix;
    }
  for (const receipt of await evidence.standing("labels.built", {}, most))
    if (pins.includes((await evidence.value<"labels.built">(receipt)).dataset)) return receipt;
  for (const receipt of await evidence.standing("deployment.live", {}, most)) {
    const model = String(receipt.about.deployment);
    const derived = [`${model.slice(0, 56)}_scores`, `${model.slice(0, 51)}_predictions`];
    if (derived.includes(name)) return receipt;
  }
  return null;
}

const most = 10_000;
