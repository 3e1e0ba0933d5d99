import type { Evidence } from "@muster/bus/evidence.ts";
import type { ColumnClassification } from "@muster/shared/domain/classification.ts";
import { type DatasetManifest, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { classifyColumns } from "../pii/classify-columns.ts";
import type { Inherited } from "../pii/inherit-tags.ts";
import { writtenColumns } from "../pii/written-columns.ts";
import type { GovernanceStore } from "../store.ts";
import { applyMarks } from "./apply-marks.ts";

type Standing = { store: GovernanceStore; evidence: Evidence; lake: Lake };

/**
 * What each column of a written version inherits, people's marks of today on it. A source that isn't classified any more
 * (its receipt was taken back, or expired) is taken by its columns' names: forgetting would be a leak.
 */
export async function inheritedBy(
  { store, evidence, lake }: Standing,
  manifest: DatasetManifest,
): Promise<Map<string, Inherited[]>> {
  const from = await writtenColumns(evidence, lake, manifest);
  const known = new Map<string, Map<string, ColumnClassification>>();
  const columnsOf = async (pin: string) => {
    const held = known.get(pin);
    if (held) return held;
    const { name } = parseDatasetRef(pin);
    const receipt = await evidence.newest("dataset.classified", { dataset: pin });
    const found = receipt
      ? await evidence.value<"dataset.classified">(receipt)
      : classifyColumns(
          (await lake.manifest(pin)).columns.map((column) => ({ ...column, present: 0, distinct: 0, values: [] })),
        );
    const { columns } = applyMarks(found, await store.marks.of(name));
    const byName = new Map(columns.map((column) => [column.name, column]));
    known.set(pin, byName);
    return byName;
  };
  const inherited = new Map<string, Inherited[]>();
  for (const [column, sources] of from) {
    const own: Inherited[] = [];
    for (const { pin, column: source } of sources) {
      const classified = (await columnsOf(pin)).get(source);
      if (classified) own.push({ from: `${parseDatasetRef(pin).name}.${source}`, column: classified });
    }
    inherited.set(column, own);
  }
  return inherited;
}
