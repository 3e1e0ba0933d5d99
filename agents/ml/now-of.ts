import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import { type DatasetFacts, newestEvent } from "./dataset-facts.ts";

/** The column of an event or interval that tells when it began, where no table has an event time. */
type Event = { start: string };

const plain = (name: string) => name.toLowerCase();

/**
 * The tables of events about an entity of the label's table, by the name of its key: what says how far back the data go
 * and what is known by now. The scope isn't pinned yet when a problem is defined; joins are measured then.
 */
export const aboutSame = (
  sources: readonly DatasetManifest[],
  label: string,
  entity: string | undefined,
): DatasetManifest[] =>
  entity === undefined
    ? []
    : sources.filter(
        ({ name, time, columns }) =>
          name !== label && time !== null && columns.some((column) => plain(column.name) === plain(entity)),
      );

/**
 * The data's now: the newest event time of the label's table and of the tables about the same entity; where none has an
 * event time, the newest start of an interval. Null where nothing has a time. `said` states which it is.
 */
export function nowOf(
  label: DatasetFacts,
  related: readonly DatasetFacts[],
  event: Event | undefined,
): { now: string | null; said: string | null } {
  const tables = [label, ...related];
  const newest = newestEvent(tables);
  if (newest !== null) {
    const timed = tables.filter((one) => one.manifest.time !== null).map(({ manifest }) => manifest.name);
    return { now: newest, said: `Now is ${newest.slice(0, 10)}, the newest event time in ${timed.join(", ")}.` };
  }
  const start = event && label.timeRange[event.start];
  if (!start) return { now: null, said: null };
  const said = `Now is ${start.max.slice(0, 10)}, the newest ${event.start} of ${label.manifest.name}: no table has an event time.`;
  return { now: start.max, said };
}
