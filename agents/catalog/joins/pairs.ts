import type { KeyColumn } from "./columns.ts";
import { measures, nameEvidence, pointsAway } from "./names.ts";

/** A foreign key that a warehouse declares. */
export type DeclaredKey = { left: { dataset: string; column: string }; right: { dataset: string; column: string } };

/** Why a pair is tried. `declared` by the source, `names` say it, or values alone could (`values`). */
export type Ground = "declared" | "names" | "values";

/** Two columns that may join; `evidence` is what names say, above it what the source declares, below it what values may. */
export type Pair = { child: KeyColumn; parent: KeyColumn; ground: Ground; evidence: number };

const declaredEvidence = 5;
const valuesEvidence = 0.5;

/** Bits of surprise from which on values alone speak for a join: one chance in sixteen million. */
const enoughBits = 24;
/** What a shared text is taken to surprise by, bits: texts are drawn from more words than sixty-four. */
const bitsOfText = 6;
/** Of a dense key, values of a column that points away must fill so much … */
const leastFilled = 0.5;
/** … and of one whose name says nothing so much, between the same ends, of a key with so many values. */
const leastFilledUnnamed = 0.9;
const fewestUnnamed = 20;

/** Every pair of columns that there is a ground to try: families suit, and what is pointed at is unique. */
export function pairsOf(columns: readonly KeyColumn[], declared: readonly DeclaredKey[]): Pair[] {
  const wanted = new Set(declared.map(({ left, right }) => JSON.stringify([left, right])));
  const side = ({ table, column }: KeyColumn) => ({ dataset: table, column: column.name });
  const parents = columns.filter(({ unique }) => unique);
  return columns.flatMap((child) =>
    parents.flatMap((parent): Pair[] => {
      if (child === parent || child.family !== parent.family) return [];
      if (wanted.size > 0 && wanted.has(JSON.stringify([side(child), side(parent)])))
        return [{ child, parent, ground: "declared", evidence: declaredEvidence }];
      const evidence = nameEvidence(child.table, child.column.name, parent.table, parent.column.name);
      if (evidence > 0) return [{ child, parent, ground: "names", evidence }];
      return valuesMaySpeak(child, parent) ? [{ child, parent, ground: "values", evidence: valuesEvidence }] : [];
    }),
  );
}

/** Whether the values of a column could show that it points at a key, if all of them stood in it. */
function valuesMaySpeak(child: KeyColumn, parent: KeyColumn): boolean {
  if (!parent.key || child.distinct < 2 || child.distinct > parent.distinct) return false;
  if (child.table === parent.table && !pointsAway(child.column.name)) return false;
  return surprise(child, parent) >= enoughBits || fillsDense(child, parent);
}

/** How unlikely it is, in bits, that so many values all stand in the key by chance. */
function surprise(child: KeyColumn, parent: KeyColumn): number {
  if (child.family === "text") return child.distinct * bitsOfText;
  const { min, max } = parent.range!;
  const density = parent.distinct / (max - min + 1);
  return child.distinct * -Math.log2(Math.min(1, density));
}

/**
 * Whether whole numbers fill a dense key (1, 2, 3 …), in which those of any count stand by chance: most of it where the
 * name points away, nearly all of it and between the same ends where the name says nothing. A measure or another table's own key never does.
 */
function fillsDense(child: KeyColumn, parent: KeyColumn): boolean {
  if (child.family !== "integer" || child.key || measures(child.column.name)) return false;
  const [own, key] = [child.range!, parent.range!];
  if (own.min < key.min || own.max > key.max) return false;
  const filled = child.distinct / parent.distinct;
  if (pointsAway(child.column.name)) return filled >= leastFilled;
  return filled >= leastFilledUnnamed && parent.distinct >= fewestUnnamed && own.min === key.min && own.max === key.max;
}
