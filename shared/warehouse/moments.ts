import type { Column, DatasetManifest } from "../domain/dataset.ts";
import { fault } from "../fault.ts";

/** Which columns hold the event time and the arrival time, and which of the two a person declared. */
export type Moments = Pick<DatasetManifest, "time" | "arrived" | "declared">;

const words = (name: string) =>
  name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");

const ARRIVAL = new Set("loaded ingested ingestion ingest inserted synced imported etl".split(" "));
/** Words that a business says of its own dates too (a guest's arrival, goods received): only a moment, or a word beside, tells. */
const PERHAPS_ARRIVAL = new Set("load arrived arrival received landed extracted".split(" "));
const MOMENT = new Set(["at", "ts", "timestamp", "row", "record"]);

function saysArrival({ name, type }: Column): boolean {
  const said = words(name);
  if (said.some((word) => ARRIVAL.has(word))) return true;
  return (
    said.some((word) => PERHAPS_ARRIVAL.has(word)) && (type === "timestamp" || said.some((word) => MOMENT.has(word)))
  );
}

/** Dates that say something of the row's subject or lie after the event. */
const NOT_THE_EVENT = new Set(
  `birth birthday born dob expiry expires expired expiration valid until due required delivery delivered shipped end ended
   ends closed cancelled canceled resolved updated modified changed deleted last next first previous`.split(/\s+/),
);
const EVENT = new Set(["event", "timestamp", "ts", "datetime", "time", "occurred", "happened"]);
const BEGIN = new Set(
  "created opened placed ordered order transaction tx invoice payment paid purchase start started".split(" "),
);

function eventScore(column: Column): number {
  const { name, type } = column;
  const said = words(name);
  if (said.some((word) => NOT_THE_EVENT.has(word)) || saysArrival(column)) return -1;
  const named = said.some((word) => EVENT.has(word)) ? 4 : said.some((word) => BEGIN.has(word)) ? 2 : 0;
  return named + (type === "timestamp" ? 1 : 0);
}

function declaredColumn(columns: readonly Column[], name: string, option: string): string {
  const column = columns.find((c) => c.name === name);
  const dates = columns.filter((c) => c.type === "date" || c.type === "timestamp").map((c) => c.name);
  const instead = dates.length > 0 ? `choose one of ${dates.slice(0, 20).join(", ")}` : "the file has no date column";
  if (!column) throw fault("invalid_input", `${option} names a column that the file doesn't have; ${instead}`);
  if (!dates.includes(name)) {
    throw fault("invalid_input", `${option} names a column of type ${column.type}, not a date or time; ${instead}`);
  }
  return name;
}

/**
 * Finds the event time and the arrival time among date and timestamp columns by their names: arrival is what says loaded,
 * ingested, received …; the event is what says so or how a row came to be, never a birth, an expiry, an end or an update;
 * a column that is missing in more than one row of twenty isn't the event. Declared columns go before.
 * `invalid_input` where a declared column isn't there or holds no time.
 */
export function findMoments(
  columns: readonly (Column & { present: number })[],
  declare: { time?: string; arrived?: string },
): Moments {
  const declared: Moments["declared"] = [];
  if (declare.time !== undefined) declared.push("time");
  if (declare.arrived !== undefined) declared.push("arrived");
  const candidates = columns.filter((c) => (c.type === "date" || c.type === "timestamp") && c.present >= 0.95);
  const arrived =
    declare.arrived !== undefined
      ? declaredColumn(columns, declare.arrived, "arrived")
      : (candidates.find((c) => c.name !== declare.time && saysArrival(c))?.name ?? null);
  if (declare.time !== undefined) return { time: declaredColumn(columns, declare.time, "time"), arrived, declared };

  const scored = candidates
    .filter((c) => c.name !== arrived)
    .map((c) => ({ name: c.name, score: eventScore(c) }))
    .filter(({ score }) => score >= 0);
  const best = scored.reduce<(typeof scored)[number] | null>((a, b) => (a === null || b.score > a.score ? b : a), null);
  return { time: best?.name ?? null, arrived, declared };
}
