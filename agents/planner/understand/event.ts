import { isKey, keyOf } from "./keys.ts";
import type { ColumnView, DatasetView } from "./view.ts";
import { stem, stemsOf } from "./words.ts";

/** An interval table's columns: one row runs from `start` to `end` (empty while it runs) for an `entity`. */
export type Interval = { entity: string; start: string; end: string; lasting: boolean };

const stemmed = (words: string) => new Set(words.split(" ").map(stem));
const starts = stemmed(
  "start started begin began from since opened open activated effective joined signup subscribed hire hired",
);
const ends = stemmed(
  "end ended until to closed close terminated termination cancelled canceled expired expiry left exit churned resolved unsubscribed",
);
/** What lasts by itself, so that its end means that somebody left. */
const lastingNames = stemmed(
  "contract contracts subscription subscriptions membership memberships policy policies lease leases agreement agreements account accounts service services plan plans enrolment enrolments enrollment enrollments employment tenancy tenancies licence license",
);
const plainBounds = stemmed("start begin from end until to started ended");

const isMoment = (column: ColumnView) => column.type === "date" || column.type === "timestamp";
const has = (column: ColumnView, words: ReadonlySet<string>) => stemsOf(column.name).some((part) => words.has(part));

/**
 * The interval that a dataset's rows stand for: a date pair named for a start and an end, where the end may be empty, and
 * a key of whom they belong to. `lasting`: by the names, something whose end means leaving (a contract, a membership),
 * not a matter that is meant to be closed (a ticket). Null where the dataset has none.
 */
export function intervalOf(dataset: DatasetView, datasets: readonly DatasetView[]): Interval | null {
  const moments = dataset.columns.filter(isMoment);
  const pairs = moments.flatMap((start) =>
    moments
      .filter((end) => end !== start && has(start, starts) && has(end, ends) && !has(end, starts) && end.nulls !== 0)
      .map((end) => ({ start, end, alike: sharedParts(start.name, end.name) })),
  );
  const [pair] = pairs.sort((a, b) => b.alike - a.alike);
  if (!pair) return null;
  const entity = entityOf(dataset, datasets);
  if (!entity) return null;
  const bounded = has(pair.start, plainBounds) && has(pair.end, plainBounds);
  const lasting = stemsOf(dataset.name).some((part) => lastingNames.has(part)) || bounded;
  return { entity: entity.name, start: pair.start.name, end: pair.end.name, lasting };
}

/** The key of whom rows belong to: another table's key before the table's own. */
export function entityOf(dataset: DatasetView, datasets: readonly DatasetView[]): ColumnView | null {
  const own = stemsOf(dataset.name);
  const keys = dataset.columns.filter(isKey);
  const names = new Set(datasets.filter((other) => other !== dataset).flatMap((other) => stemsOf(other.name)));
  const rank = (column: ColumnView) => {
    const ofOwn = keyOf(column).some((part) => own.includes(part));
    const ofOther = keyOf(column).some((part) => names.has(part));
    return (ofOther && !ofOwn ? 0 : ofOwn ? 2 : 1) + (column.unique ? 1 : 0);
  };
  return [...keys].sort((a, b) => rank(a) - rank(b))[0] ?? null;
}

const sharedParts = (a: string, b: string): number => stemsOf(a).filter((part) => stemsOf(b).includes(part)).length;
