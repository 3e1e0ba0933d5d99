import type {
  Classification,
  ClassKind,
  ColumnClassification,
  Identifier,
} from "@muster/shared/domain/classification.ts";
import { detectors } from "../pii/detectors.ts";

/** What a person said of a column: kinds it holds, and kinds that were found but aren't there. */
export type ColumnMark = { column: string; kinds: readonly ClassKind[]; lifted: readonly ClassKind[]; reason: string };

/** How a kind identifies: as its detector says; texts with personal data in them identify directly. */
export const identifierOf = (kind: ClassKind): Identifier | null =>
  kind === "free_text" ? "direct" : (detectors.find((detector) => detector.kind === kind)?.identifier ?? null);

function marked(column: ColumnClassification, { kinds, lifted, reason }: ColumnMark): ColumnClassification {
  const kept = column.tags.filter((tag) => !lifted.includes(tag.kind));
  const added = kinds
    .filter((kind) => !kept.some((tag) => tag.kind === kind))
    .map((kind) => ({ kind, by: "person" as const, share: null, checked: 0, confidence: 1 }));
  const tags = [...kept, ...added];
  const identifiers = tags.map((tag) => identifierOf(tag.kind)).filter((one) => one !== null);
  const said = [
    ...(kinds.length > 0 ? [`a person marked it ${kinds.join(", ")}`] : []),
    ...(lifted.length > 0 ? [`a person said it holds no ${lifted.join(", ")}`] : []),
  ].join("; ");
  return {
    ...column,
    tags,
    pii: identifiers.length > 0,
    identifier: identifiers.includes("direct") ? "direct" : (identifiers[0] ?? null),
    why: `${said} (${reason}); ${column.why}`,
  };
}

/**
 * A classification with people's marks on it. A person may tighten, and may loosen by naming what isn't there; what is
 * found of other kinds stays, so that a new version's e-mail addresses aren't hidden behind an old mark. Nothing
 * automatic takes a mark back.
 */
export function applyMarks(found: Classification, marks: readonly ColumnMark[]): Classification {
  const byColumn = new Map(marks.map((mark) => [mark.column, mark]));
  return {
    columns: found.columns.map((column) => {
      const mark = byColumn.get(column.name);
      return mark ? marked(column, mark) : column;
    }),
  };
}
