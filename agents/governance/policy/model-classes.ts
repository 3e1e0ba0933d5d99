import type { Evidence } from "@muster/bus/evidence.ts";
import { classesOf } from "@muster/shared/domain/classification.ts";
import { parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";

/**
 * The classes of the raw columns that a model reads, by the standing classifications of the versions it was trained on.
 * `columns` are `dataset.column`, or a name alone, which is a column of the label's table or, where that has none of that
 * name, of any other (a doubt counts against the model). `precondition_failed` where a version isn't classified any more
 * (expired, or a person marked it).
 */
export async function modelClasses(
  evidence: Pick<Evidence, "newest" | "value">,
  scope: readonly string[],
  labelTable: string,
  columns: readonly string[],
): Promise<string[]> {
  const tables = await Promise.all(
    scope.map(async (pin) => {
      const { name } = parseDatasetRef(pin);
      const receipt = await evidence.newest("dataset.classified", { dataset: pin });
      if (receipt) return { name, found: ((await evidence.value(receipt)) as FactValue<"dataset.classified">).columns };
      throw fault("precondition_failed", `the classification of ${name} no longer stands; train on it again`, {
        missing: ["dataset.classified"],
        dataset: pin,
      });
    }),
  );
  const own = new Set(tables.find(({ name }) => name === labelTable)?.found.map((column) => column.name));
  const read = new Set(columns);
  const meant = (table: string, column: string) =>
    read.has(`${table}.${column}`) || (read.has(column) && (table === labelTable || !own.has(column)));
  const classes = tables.flatMap(({ name, found }) =>
    found.filter((column) => meant(name, column.name)).flatMap(classesOf),
  );
  return [...new Set(classes)].sort();
}
