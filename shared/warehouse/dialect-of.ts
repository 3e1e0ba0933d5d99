import { connectionOf, homeOf } from "./connection.ts";
import type { Dialect } from "./dialect.ts";
import { duckdb } from "./dialects/duckdb.ts";
import { postgres } from "./dialects/postgres.ts";
import type { Lake } from "./lake.ts";
import { type Inputs, named } from "./open-pins.ts";

const dialects = { postgres } as const;

/** The dialect of the engine that reads these versions: that of the warehouse where one of them stays there, else DuckDB's. */
export async function dialectOf(lake: Lake, inputs: Inputs): Promise<Dialect> {
  for (const [, pin] of named(inputs)) {
    const { place } = await lake.manifest(pin);
    if (place) return dialects[(await connectionOf(homeOf(lake), place.source)).kind];
  }
  return duckdb;
}
