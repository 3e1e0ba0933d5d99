import { singular, wordsOf } from "../words.ts";

const KEY_WORDS = new Set(["id", "key", "code", "no", "number", "nr", "uuid", "ref", "fk", "cd"]);
/** Words by which a column points back at its own table. */
const BACK = new Set([
  ...[
    "parent",
    "manager",
    "mgr",
    "reports",
    "report",
    "supervisor",
    "boss",
    "previous",
    "original",
    "reply",
    "referrer",
  ],
]);
/** Words that end a column's name when it says whose or by whom. */
const POINTING = new Set(["by", "via", "to", "of", "from", "owner", "at", "in", "for", "with"]);
/** Words of columns that measure something: their whole numbers are no keys, whatever they happen to hold. */
const MEASURES = new Set(
  `age amount amt average avg balance bedroom budget count cnt day depth discount distance dose duration fee goal grade gross height hour
   income kilometre km kwh length level line lines mark mass max mean measure mileage min minute month net num order percent
   percentage point population position price qty quantity quarter rank rate rating ratio rows salary score second sequence size
   speed stage step stock streak sum temp temperature term tier time total unit value version visitor volume wave week weekday
   weight width year`.split(/\s+/),
);

const isKeyWord = (word: string | undefined) => word !== undefined && KEY_WORDS.has(word);
const stemOf = (dataset: string) => wordsOf(dataset).join("");

/** Whether a column's name ends in a word of keys. */
export const namesKey = (column: string): boolean => isKeyWord(wordsOf(column).at(-1));

/** Whether a column bears its table's name, with a word of keys or without: the key of its home. */
export function namesHome(table: string, column: string): boolean {
  const words = wordsOf(column);
  const own = isKeyWord(words.at(-1)) ? words.slice(0, -1) : words;
  return own.join("") === stemOf(table) || (own.length === 0 && words.length > 0);
}

/** Whether a name says that its column points somewhere: by a word of keys, or one that says whose, by whom or where to. */
export function pointsAway(column: string): boolean {
  const words = wordsOf(column);
  return words.length > 1 && (isKeyWord(words.at(-1)) || POINTING.has(words.at(-1)!));
}

/** Whether a name says that its column measures something. */
export const measures = (column: string): boolean =>
  !pointsAway(column) && wordsOf(column).some((w) => MEASURES.has(w));

/**
 * How strongly names say that `child` of one table points at `parent` of another (0: not at all): the same name (4), the
 * table's name and a key word ("customer_id" → customers.id, 3), a word that begins like the table's name above a key
 * word ("ship_via" → shippers.shipper_id, 2), or a word that points back at the own table ("reports_to", 1).
 */
export function nameEvidence(from: string, child: string, to: string, parent: string): number {
  const [c, p] = [wordsOf(child), wordsOf(parent)];
  const target = stemOf(to);
  const keyLike = isKeyWord(p.at(-1)) || p.join("") === singular(target);
  if (from !== to && c.join("") === p.join("") && !(c.length === 1 && isKeyWord(c[0]))) return keyLike ? 4 : 3.5;
  if (!keyLike) return 0;
  if (from !== to && isKeyWord(c.at(-1)) && c.slice(0, -1).join("") === target) return 3;
  if (from === to) return child !== parent && c.some((word) => BACK.has(word)) ? 1 : 0;
  return c.some((word) => word.length >= 4 && target.startsWith(word) && word !== target) ? 2 : 0;
}
