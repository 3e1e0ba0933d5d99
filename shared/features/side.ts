import { sha256 } from "../canonical.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { quoteLiteral } from "../warehouse/quote.ts";

/** The share as the first 8 hex digits that a hash has to stay below; fixed-width hex sorts as text like its number. */
const bound = (share: number): string =>
  Math.min(Math.floor(share * 2 ** 32), 2 ** 32 - 1)
    .toString(16)
    .padStart(8, "0");

/** Whether an entity lies in the share: SHA-256 of `salt:entity` below it. The same answer as `inShareSql`. */
export const inShare = (entity: string, share: number, salt: string): boolean =>
  sha256(`${salt}:${entity}`).slice(0, 8) < bound(share);

/** The SQL condition that a text expression names an entity in the share. */
export const inShareSql = (dialect: Dialect, entity: string, share: number, salt: string): string =>
  `${hashSql(dialect, entity, salt)} < ${quoteLiteral(bound(share))}`;

const hashSql = (dialect: Dialect, entity: string, salt: string): string =>
  `left(${dialect.sha256(`${quoteLiteral(`${salt}:`)} || ${entity}`)}, 8)`;

/** SQL for the fold of an entity, 0 to `folds` − 1, by the same hash. */
export function foldSql(dialect: Dialect, entity: string, folds: number, salt: string): string {
  const hash = hashSql(dialect, entity, salt);
  const ends = Array.from(
    { length: folds - 1 },
    (_, i) => `WHEN ${hash} < ${quoteLiteral(bound((i + 1) / folds))} THEN ${i}`,
  );
  return `CASE ${ends.join(" ")} ELSE ${folds - 1} END`;
}
