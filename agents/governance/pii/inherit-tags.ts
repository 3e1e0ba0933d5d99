import type { Classification, ClassTag, ColumnClassification } from "@muster/shared/domain/classification.ts";

/** A tag of a source column, with the place that it comes from. */
export type Inherited = { from: string; column: ColumnClassification };

/**
 * A classification with what written columns inherit: every tag of every column that one was made of, so that it is never
 * less strict than they are. What its own values show stays. A derived number (a month of birth, a count of mails) is
 * still about the person; only somebody who marks the column itself can say otherwise.
 */
export function inheritTags(found: Classification, from: ReadonlyMap<string, readonly Inherited[]>): Classification {
  return {
    columns: found.columns.map((column) => {
      const sources = (from.get(column.name) ?? []).filter((one) => one.column.tags.length > 0);
      if (sources.length === 0) return column;
      const tags: ClassTag[] = [...column.tags];
      for (const { tags: theirs } of sources.map((one) => one.column))
        for (const tag of theirs) if (!tags.some(({ kind }) => kind === tag.kind)) tags.push({ ...tag, by: "lineage" });
      // A source's strictness counts as it stands: its neighbours made a city an identifier there.
      const held = [column.identifier, ...sources.map((one) => one.column.identifier)];
      const identifier = held.includes("direct") ? "direct" : held.includes("quasi") ? "quasi" : null;
      const said = sources.map(
        ({ from: place, column: { tags: theirs } }) => `${place} (${theirs.map(({ kind }) => kind).join(", ")})`,
      );
      return {
        ...column,
        tags,
        pii: identifier !== null,
        identifier,
        why: `made of ${said.join(", ")}; ${column.why}`,
      };
    }),
  };
}
