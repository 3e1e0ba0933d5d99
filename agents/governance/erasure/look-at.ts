import { type DatasetPin, pinOf } from "@muster/shared/domain/dataset.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import type { Limits } from "@muster/shared/warehouse/write-query.ts";
import type { Ground, Told } from "./ground.ts";
import { lakeGround } from "./lake-ground.ts";
import type { Joinable } from "./likely-joins.ts";
import type { Link } from "./links.ts";
import type { Marks } from "./marked-rows.ts";
import type { Place, WarehousePlace } from "./places.ts";
import { warehouseGround } from "./warehouse-ground.ts";
import type { Warehouses } from "./warehouses.ts";

/** Gives the keys along a link in what was looked at. */
export type KeysAlong = (way: Link, marks: Marks) => Promise<string[]>;

const alongIn =
  (ground: Ground): KeysAlong =>
  async (way, marks) => {
    const column = ground.columns.find(({ name }) => name === way.from.column);
    return column ? ground.keys(column, marks, way.written) : [];
  };

/** Looks at every version of a dataset of the lake; gives the ways on from those that hold the person's rows. */
export async function lookInLake(
  { lake, limits, value }: { lake: Lake; limits: Limits; value: string },
  { manifest: { name, kind, version } }: Joinable,
  marks: Marks,
  found: Map<DatasetPin, Place>,
): Promise<KeysAlong[]> {
  const on: KeysAlong[] = [];
  for (const pin of await lake.versions(name)) {
    const ground = await lakeGround(lake, pin, limits);
    const told = await ground.told(marks);
    const { rows, texts } = told;
    found.set(pin, {
      ...{ dataset: name, pin, kind, newest: pin === pinOf(name, version), rows, texts },
      columns: columnsTold(told, marks, value),
    });
    if (rows > 0) on.push(alongIn(ground));
  }
  return on;
}

/** The same for a table of a warehouse; nothing where the warehouse refuses it, which is noted. */
export async function lookElsewhere(
  { warehouses, value }: { warehouses: Warehouses; value: string },
  { manifest: { name, place } }: Joinable,
  marks: Marks,
  elsewhere: Map<string, WarehousePlace>,
): Promise<KeysAlong[]> {
  const { source: warehouse, schema, table } = place!;
  const told = await warehouses.looking(name, ({ reader, columns }) =>
    warehouseGround(reader, name, columns).told(marks),
  );
  if (!told) return [];
  const { rows, texts } = told;
  const columns = columnsTold(told, marks, value);
  elsewhere.set(name, { warehouse, schema, table, dataset: name, rows, texts, columns });
  if (rows === 0) return [];
  return [
    async (way, now) =>
      (await warehouses.looking(name, ({ reader, columns: all }) =>
        alongIn(warehouseGround(reader, name, all))(way, now),
      )) ?? [],
  ];
}

/** The columns that tell a person's rows, and by what. */
function columnsTold({ tests, mentions }: Told, marks: Marks, value: string): Place["columns"] {
  const onlyValue = (wanted?: ReadonlySet<string>) => wanted?.size === 1 && wanted.has(value);
  return [
    ...[...tests].map(([name, rows]) => ({
      ...{ name, rows },
      by: onlyValue(marks.columns.get(name)) ? ("value" as const) : ("key" as const),
    })),
    ...[...mentions].map(([name, rows]) => ({ name, rows, by: "mention" as const })),
  ].filter(({ rows }) => rows > 0);
}
