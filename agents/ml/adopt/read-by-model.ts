import type { Feature } from "@muster/shared/domain/feature.ts";
import type { ColumnLeak } from "@muster/shared/domain/leakage.ts";
import type { OutsideModel } from "@muster/shared/domain/outside-model.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { featureName } from "../suggest/names.ts";

/**
 * The features of a model made outside: the columns that it reads, no other and none less. `not_found` where the table lacks
 * one, `invalid_input` where it is read as another type, `denied` where it isn't cleared for training, `unfit` where it gives
 * the answer away.
 */
export async function readByModel(
  { dataset, target }: Pick<Problem, "dataset" | "target">,
  { columns }: OutsideModel,
  cleared: FactValue<"training.cleared">,
  refused: ReadonlyMap<string, Pick<ColumnLeak, "reason">>,
  lake: Lake,
) {
  const pin = cleared.datasets.find((one) => one.startsWith(`${dataset}@`));
  if (!pin) throw fault("broken_contract", `the clearance doesn't hold the label's dataset ${dataset}`);
  const manifest = await lake.manifest(pin);
  const features = columns.map(({ column, type }): Feature => {
    const held = manifest.columns.find(({ name }) => name === column);
    if (!held)
      throw fault(
        "not_found",
        `the model reads ${column}, which ${dataset} doesn't have; say in signature.inputs which columns it reads`,
        {
          column,
        },
      );
    if (column === target) throw fault("unfit", `the model reads ${column}, which is what it is to tell`);
    if ((held.type === "text") !== (type === "category"))
      throw fault(
        "invalid_input",
        type === "category"
          ? `the signature compares ${column} with a text, but it is a ${held.type}`
          : `${column} is text: say in signature.inputs which text each of its inputs equals`,
        { column },
      );
    const full = `${dataset}.${column}`;
    const may = cleared.columns[full];
    if (may?.role !== "feature")
      throw fault(
        "denied",
        `the model reads ${full}, which isn't cleared for training: ${may?.reason ?? "it isn't known"}`,
        {
          column: full,
        },
      );
    const leak = refused.get(full);
    if (leak)
      throw fault("unfit", `the model reads ${full}, which gives the answer away: ${leak.reason}`, { column: full });
    return { kind: "column", name: featureName(column), column, type: held.type };
  });
  const because = "read by the model that was made outside";
  return {
    features,
    reasons: features.map(({ name }) => ({ name, because, number: null })),
    redundant: [],
    dropped: cleared.dropped,
    assumptions: [],
    verdict: `${features.length} columns, those that the offered model reads`,
  };
}
