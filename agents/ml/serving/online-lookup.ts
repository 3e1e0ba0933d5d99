import type { Keyed } from "@muster/bus/keyed.ts";
import type { FeatureView } from "@muster/shared/domain/feature.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { fault } from "@muster/shared/fault.ts";
import { type EventRow, evaluateWindow, type OnlineFeature } from "@muster/shared/features/online.ts";
import {
  groupName,
  OnlineState,
  onlineFeatures,
  onlineName,
  onlineSet,
  unpackEvents,
} from "@muster/shared/features/online-groups.ts";
import { keyText, type RawValue, toInstant } from "@muster/shared/features/raw.ts";
import type { FeatureValue } from "./served-model.ts";
import type { RawTable } from "./table.ts";

/** Keys asked for at a time. */
const keysAtOnce = 5000;

/** The online features of some rows, by name, and the newest event that they know of. */
export type AtRequest = { asOf: string | null; values: Map<string, FeatureValue[]> };

/** Computes features at the moment of a request from the events of the keys that its rows name. */
export type OnlineLookup = {
  names: ReadonlySet<string>;
  find: (table: RawTable) => Promise<AtRequest>;
};

/**
 * The online features of a view from the store that the pipeline writes. `unavailable` where nothing stands there (yet) or
 * Redis doesn't answer; `unfit` for a row so old that the events of its windows aren't kept.
 */
export function onlineLookup(
  keyed: Keyed,
  view: FeatureView,
  problem: Problem,
  names: ReadonlySet<string>,
): OnlineLookup {
  const features = onlineFeatures(view, problem).filter(({ feature }) => names.has(feature.name));
  return {
    names,
    async find(table) {
      const held = OnlineState.safeParse(await keyed.pointed(onlineName(view.hash)));
      if (!held.success)
        throw fault(
          "unavailable",
          `no events of ${problem.dataset} stand online; materialize its scoring features again`,
        );
      const values = new Map<string, FeatureValue[]>();
      const known = new Map<string, Map<string, EventRow[]>>();
      const rows = ownRows(table);
      for (const online of features) {
        const keys = keysOf(table, online);
        const name = groupName(online);
        const group = held.data.groups.find((one) => one.name === name);
        if (!group) throw fault("broken_contract", `the online store holds no events for ${online.feature.name}`);
        const events = known.get(name) ?? new Map<string, EventRow[]>();
        known.set(name, events);
        const fresh = [...new Set(keys.filter((key) => key !== null))].filter((key) => !events.has(key));
        const set = onlineSet(view.hash, held.data.state, name);
        for (let from = 0; from < fresh.length; from += keysAtOnce) {
          const some = fresh.slice(from, from + keysAtOnce);
          const texts = await keyed.get(set, some);
          some.forEach((key, i) => {
            events.set(key, unpackEvents(group, texts[i]!));
          });
        }
        values.set(
          online.feature.name,
          keys.map((key, row) => {
            const moment = toInstant(rows[row]![problem.time!] ?? null, problem.time!);
            if (moment !== null && group.fullFrom !== null && moment.micros < group.fullFrom)
              throw fault(
                "unfit",
                `the time of row ${row} lies before the events that are kept online; score it with ml.predict`,
              );
            return evaluateWindow(
              online,
              key === null ? [] : events.get(key)!,
              moment,
              online.past ? rows[row]! : null,
            );
          }),
        );
      }
      return { asOf: held.data.asOf, values };
    },
  };
}

const keysOf = (table: RawTable, { localKey }: OnlineFeature): (string | null)[] =>
  (table.columns.get(localKey) ?? []).map(keyText);

function ownRows(table: RawTable): Record<string, RawValue>[] {
  const columns = [...table.columns];
  return Array.from({ length: table.rows }, (_, row) =>
    Object.fromEntries(columns.map(([name, values]) => [name, values[row]!])),
  );
}
