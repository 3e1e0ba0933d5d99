import type { Evidence } from "@muster/bus/evidence.ts";
import { fault } from "@muster/shared/fault.ts";
import type { Place } from "./places.ts";

/**
 * The columns whose cells are emptied where a person's rows have to stay: those that tell the person, and every one that
 * the standing classification calls personal. `precondition_failed` where nobody classified the version.
 */
export async function blankColumns(evidence: Evidence, { dataset, pin, columns }: Place): Promise<string[]> {
  const receipt = await evidence.newest("dataset.classified", { dataset: pin });
  if (!receipt)
    throw fault(
      "precondition_failed",
      `${dataset} isn't classified, so nobody knows which cells are personal; run governance.classify_columns first`,
      { missing: ["dataset.classified"] },
    );
  const { columns: classified } = await evidence.value<"dataset.classified">(receipt);
  const told = columns.filter(({ by }) => by !== "mention").map(({ name }) => name);
  return [...new Set([...told, ...classified.filter(({ pii }) => pii).map(({ name }) => name)])];
}
