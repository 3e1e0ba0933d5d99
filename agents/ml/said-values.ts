import { type DatasetManifest, pinOf } from "@muster/shared/domain/dataset.ts";
import { fault } from "@muster/shared/fault.ts";
import { qualified } from "@muster/shared/features/schema.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import type { WindowRequest } from "./define-problem.ts";

/** A column with more values than this names things, not kinds of them. */
const MOST_KINDS = 50;
/** Endings that forms of one word differ in. */
const ENDING = /(?:ures?|ations?|ions?|ments?|ings?|als?|ers?|ed|es|s|e|y)$/;

/** A word without its ending, at least four letters of it: failure, failed and fails meet in "fail". */
export function rootOf(word: string): string {
  const plain = word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
  const bare = plain.replace(ENDING, "");
  return bare.length >= 4 ? bare : plain;
}

/** Whether a value says a word: one of the value's own words has its root. */
export const says = (value: string, word: string): boolean =>
  value.split(/[^\p{L}\p{N}]+/u).some((part) => part !== "" && rootOf(part) === rootOf(word));

/**
 * The request with the words of `like` as conditions: each is looked for among the values of the table's columns of few
 * kinds. `not_found` where none says it, `invalid_input` where several columns do, naming them; values are never told.
 */
export async function withoutWords(
  lake: Lake,
  label: DatasetManifest,
  { like, ...event }: WindowRequest & { like?: string[] },
  threads: number,
): Promise<WindowRequest> {
  if (like === undefined) return event;
  const texts = label.columns.filter(({ name, type }) => type === "text" && name !== event.entity);
  const kinds = await withPins(lake, [pinOf(label.name, label.version)], { threads }, async ({ query }) => {
    const found: { column: string; values: string[] }[] = [];
    for (const { name } of texts) {
      const value = qualified("t", name);
      const rows = await query(
        `SELECT DISTINCT ${value} AS value FROM ${quoteIdent(label.name)} t WHERE ${value} IS NOT NULL LIMIT ${MOST_KINDS + 1}`,
      );
      if (rows.length <= MOST_KINDS) found.push({ column: name, values: rows.map((row) => String(row.value)) });
    }
    return found;
  });
  const where = like.map((word) => {
    const meant = kinds.flatMap(({ column, values }) => {
      const saying = values.filter((value) => says(value, word)).sort();
      return saying.length === 0 ? [] : [{ column, in: saying }];
    });
    if (meant.length === 1) return meant[0]!;
    const one = `say it as COLUMN = VALUE, such as ${kinds[0]?.column ?? "status"} = …`;
    if (meant.length === 0)
      throw fault("not_found", `no column of ${label.name} has a value that says "${word}"; ${one}`, { word });
    const columns = meant.map(({ column }) => column);
    throw fault("invalid_input", `"${word}" is said by ${columns.join(" and ")} of ${label.name}; ${one}`, {
      word,
      columns,
    });
  });
  return { ...event, where: [...(event.where ?? []), ...where] };
}
