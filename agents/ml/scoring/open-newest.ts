import { type Column, type ColumnType, type DatasetPin, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import type { Relation } from "@muster/shared/features/schema.ts";
import type { Engine } from "@muster/shared/warehouse/duckdb.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import { openPins } from "@muster/shared/warehouse/write-query.ts";
import { sqlType } from "./sql-type.ts";

/** A dataset in the version that was deployed on and in the one to look at now. */
export type Change = { name: string; deployed: DatasetPin; now: DatasetPin };

/** An engine over both versions of each dataset: views `<name>` (now) and `<name>__deployed`, and what doesn't fit. */
export type Opened = { engine: Engine; relations: Record<string, Relation>; broken: string[] };

/** The view that holds the version deployed on. */
export const deployedView = (name: string): string => `${name}__deployed`;

/**
 * Opens the read columns of both versions in the types they had at deployment. A column that the version of now doesn't
 * have, or no longer has in that type, becomes missing where it can't be read, and is told in `broken`. Close the engine.
 */
export async function openNewest(
  lake: Lake,
  changes: readonly Change[],
  read: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<Opened> {
  const pins = changes.flatMap(({ name, deployed, now }) => [
    [`__source_${name}`, now],
    [`__source_${deployedView(name)}`, deployed],
  ]);
  const engine = await openPins(lake, Object.fromEntries(pins) as Record<string, DatasetPin>);
  const relations: Record<string, Relation> = {};
  const broken: string[] = [];
  try {
    for (const { name, deployed, now } of changes) {
      const wanted = read.get(name);
      if (!wanted) continue;
      const columns = (await lake.manifest(deployed)).columns.filter((column) => wanted.has(column.name));
      const held = new Map((await lake.manifest(now)).columns.map((column) => [column.name, column.type]));
      for (const { name: column, type } of columns) {
        const found = held.get(column);
        if (found === undefined) broken.push(`${name}.${column} is gone`);
        else if (found !== type && !widened(type, found)) broken.push(`${name}.${column} was ${type} and is ${found}`);
      }
      await createView(engine, deployedView(name), columns, (column) => quoteIdent(column.name));
      await createView(engine, name, columns, (column) => asBefore(column, held.get(column.name)));
      relations[name] = { relation: name, columns };
    }
    return { engine, relations, broken };
  } catch (error) {
    engine.close();
    throw error;
  }
}

/** The datasets whose newest version isn't the one deployed on. */
export async function changesOf(lake: Lake, scope: readonly DatasetPin[]): Promise<Change[]> {
  return Promise.all(
    scope.map(async (deployed) => {
      const { name } = parseDatasetRef(deployed);
      return { name, deployed, now: await lake.resolve(name) };
    }),
  );
}

const widened = (before: ColumnType, now: ColumnType): boolean =>
  (before === "integer" && now === "number") || (before === "number" && now === "integer");

const asBefore = ({ name, type }: Column, found: ColumnType | undefined): string => {
  if (found === undefined) return `CAST(NULL AS ${sqlType[type]})`;
  return found === type ? quoteIdent(name) : `TRY_CAST(${quoteIdent(name)} AS ${sqlType[type]})`;
};

const createView = (engine: Engine, name: string, columns: readonly Column[], sql: (column: Column) => string) =>
  engine.run(
    `CREATE VIEW ${quoteIdent(name)} AS SELECT ${columns
      .map((column) => `${sql(column)} AS ${quoteIdent(column.name)}`)
      .join(", ")} FROM ${quoteIdent(`__source_${name}`)}`,
  );
