import type { Feature } from "@muster/shared/domain/feature.ts";
import { allowedColumns, type Leakage, refusedColumns } from "@muster/shared/domain/leakage.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { Fault } from "@muster/shared/fault.ts";
import { leaksOf } from "@muster/shared/features/leaks.ts";
import { compileMatrix } from "@muster/shared/features/matrix.ts";
import { measureLeaks } from "@muster/shared/features/measure-leaks.ts";
import type { Dialect } from "@muster/shared/warehouse/dialect.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";

/** What proposals are measured on; `rows`: how many there are to train on. */
export type Measured = {
  lake: Lake;
  threads: number;
  problem: Problem;
  cleared: FactValue<"training.cleared">;
  leakage: Leakage;
  rows: number;
};

/**
 * Why features that somebody thought of can't be registered: what they read was written after the cutoff or tells the target,
 * by the measure of the registration itself, or they can't be compiled. Told before, so that one of them doesn't end the request
 * at that gate; the gate holds them to it again. Reads the cleared tables once; nothing where there is no feature.
 */
export async function whyRefused(
  features: readonly Feature[],
  { lake, threads, problem, cleared, leakage, rows }: Measured,
): Promise<Map<Feature, string>> {
  if (features.length === 0) return new Map();
  const manifests = await Promise.all(cleared.datasets.map((pin) => lake.manifest(pin)));
  const tables = manifests.map(({ columns, ...manifest }) => ({
    relation: manifest.name,
    manifest: { ...manifest, columns: columns.filter((one) => isRead(cleared, `${manifest.name}.${one.name}`)) },
  }));
  return withPins(lake, cleared.datasets, { threads, memoryMb: 2048 }, async (reader) => {
    const measured = await measureLeaks(reader, problem, features, { tables, rows });
    const allowed = allowedColumns(leakage);
    const telling = Object.entries(measured.telling).filter(([column]) => !allowed.has(column));
    const facts = { ...measured, telling: Object.fromEntries([...refusedColumns(leakage), ...telling]) };
    const relations = Object.fromEntries(
      tables.map(({ relation, manifest }) => [relation, { relation, columns: manifest.columns }]),
    );
    const reasons = features.flatMap((feature): [Feature, string][] => {
      const [leak] = leaksOf([feature], problem, facts);
      if (leak) return [[feature, `it leaks (${leak.leak}): ${leak.column ?? "it"} ${leak.why}`]];
      const unfit = uncompiled(feature, problem, reader.dialect, relations);
      return unfit === null ? [] : [[feature, unfit]];
    });
    return new Map(reasons);
  });
}

const isRead = ({ columns }: Measured["cleared"], name: string): boolean => {
  const column = columns[name];
  return column !== undefined && (column.role === "feature" || column.role === "key" || column.use !== null);
};

/** Why a feature isn't one of these tables: of a column that isn't of its kind's type, or of no problem like this. */
function uncompiled(
  feature: Feature,
  problem: Problem,
  dialect: Dialect,
  tables: Parameters<typeof compileMatrix>[3]["tables"],
): string | null {
  try {
    compileMatrix(dialect, problem, { features: [feature] }, { dataset: tables[problem.dataset]!, tables }, "training");
    return null;
  } catch (error) {
    if (error instanceof Fault) return error.message;
    throw error;
  }
}
