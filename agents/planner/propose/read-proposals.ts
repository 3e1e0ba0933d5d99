import { canonical } from "@muster/shared/canonical.ts";
import { Feature } from "@muster/shared/domain/feature.ts";
import type { Ideas } from "@muster/shared/domain/improvement.ts";
import { isRelated, ownColumns, relatedColumns } from "@muster/shared/features/kinds.ts";
import { z } from "zod";
import { type Past, pastOf } from "./pasts.ts";

/** Proposals that are taken of one answer: each costs the training that tries it, and is a chance to be better by luck. */
export const MOST_IDEAS = 4;

/** What proposals are read against: the label's table, every column of the scope (`dataset.column`), the ways to other rows, the slices told. */
export type Known = {
  dataset: string;
  columns: ReadonlySet<string>;
  pasts: readonly Past[];
  slices: ReadonlySet<number>;
};

type Read = Pick<Ideas, "features" | "unread">;

const Strict = z.discriminatedUnion(
  "kind",
  Feature.options.map((kind) => z.strictObject(kind.shape)) as unknown as [z.ZodObject, ...z.ZodObject[]],
);
const plainName = /^[a-z][a-z0-9_]{0,62}$/;
const plainColumn = /^[\p{L}\p{N}_ .:-]{1,63}$/u;

/**
 * Reads proposals strictly: each is a typed feature with nothing beside its kind's fields, a plain name, columns that are there and
 * rows reached by a way that was told. Whatever isn't is told with its reason, in words that repeat nothing unfit to be shown.
 */
export function readProposals(proposals: readonly { slice: number | null; feature: unknown }[], known: Known): Read {
  const features: Read["features"] = [];
  const unread: Read["unread"] = [];
  const meant = new Set<string>();
  for (const [i, { slice, feature: said }] of proposals.entries()) {
    const called = (said as { name?: unknown } | null)?.name;
    const name = typeof called === "string" && plainName.test(called) ? called : `proposal ${i + 1}`;
    const read = Strict.safeParse(withoutNulls(said));
    const feature = read.success ? (read.data as Feature) : null;
    const reason = feature === null ? unfit(said, read.error!) : unusable(feature, known);
    if (feature === null || reason !== null) {
      unread.push({ name, reason: reason! });
      continue;
    }
    const { name: _, ...definition } = feature;
    if (meant.has(canonical(definition))) unread.push({ name, reason: "proposed twice" });
    else if (features.length >= MOST_IDEAS)
      unread.push({ name, reason: `more than ${MOST_IDEAS} were proposed at once` });
    else features.push({ feature, slice: slice !== null && known.slices.has(slice) ? slice : null });
    meant.add(canonical(definition));
  }
  return { features, unread };
}

/** The fields without those that are null because they may be left out. */
function withoutNulls(said: unknown): unknown {
  if (typeof said !== "object" || said === null || Array.isArray(said)) return said;
  const { kind } = said as { kind?: unknown };
  const shape = Feature.options.find((one) => one.shape.kind.value === kind)?.shape as
    | Record<string, z.ZodType>
    | undefined;
  return Object.fromEntries(
    Object.entries(said).filter(
      ([key, value]) => value !== null || shape?.[key]?.safeParse(undefined).success === false,
    ),
  );
}

/** Why it is no typed feature: the field at fault, where that is one of its kind's. */
function unfit(said: unknown, { issues }: z.ZodError): string {
  const [issue] = issues;
  if (typeof said !== "object" || said === null) return "isn't a typed feature";
  if (issue?.code === "unrecognized_keys") return "isn't a typed feature: its kind has no such field";
  const at = issue?.path.filter((part) => typeof part === "string").join(".");
  return `isn't a typed feature: ${at || "it"} isn't as it has to be`;
}

function unusable(feature: Feature, { dataset, columns, pasts }: Known): string | null {
  if (!plainName.test(feature.name)) return "its name has more than small letters, digits and _";
  const read = [
    ...ownColumns(feature).map((column) => [dataset, column] as const),
    ...(isRelated(feature) ? relatedColumns(feature).map((column) => [feature.table, column] as const) : []),
    ...("column" in feature && feature.kind === "ahead" && feature.column !== null
      ? [[dataset, feature.column] as const]
      : []),
  ];
  const unknown = read.find(([table, column]) => !columns.has(`${table}.${column}`));
  if (unknown !== undefined) {
    const named = unknown.join(".");
    return plainColumn.test(named) ? `there is no column ${named}` : "it reads a column that isn't there";
  }
  if (isRelated(feature) && !pasts.some((one) => canonical(one) === canonical(pastOf(feature))))
    return `it reaches rows of ${feature.table} by a way that wasn't told`;
  return null;
}
