import type { Keyed } from "@muster/bus/keyed.ts";
import { hashOf } from "@muster/shared/canonical.ts";
import { fault } from "@muster/shared/fault.ts";
import {
  eventsSql,
  groupsOf,
  keptEvent,
  keptKey,
  type OnlineGroup,
  OnlineState,
  onlineFeatures,
  onlineName,
  onlineSet,
  packEvents,
} from "@muster/shared/features/online-groups.ts";
import type { Relation } from "@muster/shared/features/schema.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import type { Reader } from "@muster/shared/warehouse/reader.ts";
import type { OnlineView } from "./store.ts";

/** Events that an online store keeps of one group at most. */
const mostEvents = 3_000_000;
/** Events that are held in memory at a time, and keys that are written at a time. */
const eventsAtOnce = 200_000;
const keysAtOnce = 2000;
const MICROS_PER_DAY = 86_400_000_000;

/**
 * Writes the events that a view's features read at the moment of a request into the online store, by key, and points the
 * view at them once all stand. Twice the longest window is kept, so that a request may lie a window behind the newest event.
 * `unfit` where there are too many events.
 */
export async function publishOnline(keyed: Keyed, reader: Reader, what: OnlineView): Promise<OnlineState> {
  const { view, problem, columns } = what;
  const online = onlineFeatures(view, problem);
  const tables = Object.fromEntries(
    Object.entries(columns).map(([relation, cleared]): [string, Relation] => [
      relation,
      { relation, columns: cleared },
    ]),
  );
  const state = stateOf(what);
  const groups: OnlineGroup[] = [];
  let asOf = 0;
  for (const { reachDays, ...group } of groupsOf(online, tables)) {
    const newest = await newestEvent(reader, tables[group.table]!.relation, group.time);
    const reach = reachDays === null ? null : Math.ceil(reachDays * MICROS_PER_DAY);
    const since = reach === null || newest === null ? null : newest - 2 * reach;
    groups.push({ ...group, fullFrom: since === null ? null : since + reach! });
    asOf = Math.max(asOf, newest ?? 0);
    await writeGroup(keyed, reader, onlineSet(view.hash, state, group.name), group, tables[group.table]!, since);
  }
  const before = OnlineState.safeParse(await keyed.pointed(onlineName(view.hash)));
  const now: OnlineState = { state, asOf: asOf === 0 ? null : new Date(asOf / 1000).toISOString(), groups };
  await keyed.point(onlineName(view.hash), now);
  if (before.success && before.data.state !== state)
    await keyed.drop(before.data.groups.map(({ name }) => onlineSet(view.hash, before.data.state, name)));
  return now;
}

/** The name of the state that a view has over its dataset versions. */
export const stateOf = ({ view, pins }: Pick<OnlineView, "view" | "pins">): string =>
  hashOf({ view: view.hash, pins: [...pins].sort() }).slice(0, 16);

/** Takes a view's events away, at once. */
export async function unpublish(keyed: Keyed, view: string): Promise<void> {
  const held = OnlineState.safeParse(await keyed.pointed(onlineName(view)));
  await keyed.point(onlineName(view), null);
  if (held.success) await keyed.erase(held.data.groups.map(({ name }) => onlineSet(view, held.data.state, name)));
}

async function newestEvent(reader: Reader, relation: string, time: string): Promise<number | null> {
  const newest = reader.dialect.micros(quoteIdent(time));
  const [row] = await reader.query(
    `SELECT CAST(max(${newest}) AS DOUBLE PRECISION) AS at FROM ${quoteIdent(relation)}`,
  );
  return row!.at === null ? null : Number(row!.at);
}

async function writeGroup(
  keyed: Keyed,
  reader: Reader,
  set: string,
  group: Omit<OnlineGroup, "fullFrom">,
  table: Relation,
  since: number | null,
): Promise<void> {
  const wanted = (index: number, of: number) =>
    eventsSql(group, table.relation, reader.dialect, { since, part: { index, of } });
  const [counted] = await reader.query(`SELECT count(*) AS n FROM (${wanted(0, 1)}) AS events`);
  const events = Number(counted!.n);
  if (events > mostEvents)
    throw fault(
      "unfit",
      `${group.table} has ${events} events inside its windows; at most ${mostEvents} are kept online`,
    );
  const parts = Math.max(1, Math.ceil(events / eventsAtOnce));
  for (let part = 0; part < parts; part++) {
    const byKey = new Map<string, ReturnType<typeof keptEvent>[]>();
    for (const row of await reader.query(wanted(part, parts))) {
      const event = keptEvent(group, row);
      const key = keptKey(group, event);
      const held = byKey.get(key);
      if (held) held.push(event);
      else byKey.set(key, [event]);
    }
    const entries = [...byKey].map(([key, held]): [string, string] => [key, packEvents(held)]);
    for (let i = 0; i < entries.length; i += keysAtOnce) await keyed.put(set, entries.slice(i, i + keysAtOnce));
  }
}
