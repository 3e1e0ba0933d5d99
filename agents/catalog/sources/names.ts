import { sha256 } from "@muster/shared/canonical.ts";

const longest = 63;

/** A text as a dataset's name: lower case, anything but letters and digits as one underscore. */
export function slug(text: string): string {
  const plain = text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/(\p{Ll})(\p{Lu})/gu, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
  return /^[a-z]/.test(plain) ? plain : `t_${plain}`;
}

/**
 * The dataset's name of a table: the connection and the table (`shop_orders`), with the schema between where the connection
 * reads several (`public` aside). A name that is taken gets six digits of the table's own hash.
 */
export function datasetName(
  source: { name: string; schemas: readonly string[] },
  { schema, table }: { schema: string; table: string },
  taken: (name: string) => boolean,
): string {
  const inside = source.schemas.length === 1 || schema === "public" ? [] : [schema];
  const name = slug([source.name, ...inside, table].join("_"));
  const short = name.slice(0, longest);
  if (name.length <= longest && !taken(short)) return short;
  const digits = sha256(JSON.stringify([schema, table])).slice(0, 6);
  return `${name.slice(0, longest - 7)}_${digits}`;
}
