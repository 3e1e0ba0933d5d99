import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { hashOf } from "@muster/shared/canonical.ts";
import { type DatasetManifest, DatasetName, DatasetPin, pinOf } from "@muster/shared/domain/dataset.ts";
import { Join } from "@muster/shared/domain/join.ts";
import { fault } from "@muster/shared/fault.ts";
import { asOfNow } from "@muster/shared/warehouse/newest.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { z } from "zod";
import { inPlace } from "../in-place.ts";
import type { CatalogDeps } from "../index.ts";
import { findJoins } from "../joins.ts";
import { reachable } from "../scope.ts";

/** How many of the datasets that were left out a verdict names. */
const namedApart = 5;
const apart = (names: readonly string[]): string =>
  names.length === 0
    ? ""
    : `; not looked at, since they stand in another place or can't be read now: ${names.slice(0, namedApart).join(", ")}${names.length > namedApart ? ` and ${names.length - namedApart} more` : ""}`;

/** Tables looked at for joins at most: the newest first where there are more. */
const widestSearch = 60;

export const pinDatasets = tool({
  name: "pin_datasets",
  does: "Pins the newest version of the label's table and of every table that joins make reachable from it.",
  effect: "read",
  input: z.object({}),
  output: z.object({
    datasets: z.array(z.object({ pin: DatasetPin, part: z.enum(["label", "entity", "related"]) })),
    joins: z.array(Join),
    /** Datasets that stand in another place than the label's, which no query reaches together with it, or can't be read. */
    elsewhere: z.array(DatasetName).default([]),
    verdict: z.string(),
  }),
  needs: [{ is: "problem.defined", as: "problem" }],
  gives: [{ is: "scope.pinned", about: ({ datasets }) => ({ scope: datasets.map(({ pin }) => pin).sort() }) }],
  cost: { ms: 300 },
  run: async ({ problem }, { lake, store, threads, now }: Context & CatalogDeps) => {
    const sources = (await lake.list()).filter(({ kind }) => kind === "source");
    const known = sources.find(({ name }) => name === problem.dataset);
    if (!known)
      throw fault("not_found", `no dataset ${problem.dataset}; load it with: muster load FILE --as ${problem.dataset}`);
    const { tables: others, elsewhere } = await inPlace(
      lake,
      sources.filter((one) => one !== known),
      { place: known.place, most: widestSearch - 1, now: now() },
    );
    const label = await asOfNow(lake, known, now());
    const tables = [label, ...others].sort((a, b) => a.name.localeCompare(b.name));
    const joins = await joinsOf(tables, async () =>
      withPins(
        lake,
        tables.map(({ name, version }) => pinOf(name, version)),
        { threads },
        (engine) => findJoins(engine, tables),
      ),
    );
    const byName = new Map(tables.map((one) => [one.name, one]));
    const scope = reachable(label.name, problem.entity, joins);
    const names = new Set(scope.map(({ name }) => name));
    const datasets = scope.map(({ name, part }) => ({ pin: pinOf(name, byName.get(name)!.version), part }));
    const rows = scope.reduce((sum, { name }) => sum + byName.get(name)!.rows, 0);
    const kept = joins.filter(({ left, right }) => names.has(left.dataset) && names.has(right.dataset));
    return {
      datasets,
      joins: kept,
      elsewhere,
      verdict: `${datasets.length} table(s), ${rows} rows: ${scope.map(({ name }) => name).join(", ")}${apart(elsewhere)}`,
    };

    /** Joins of exactly these versions are found once and kept. */
    async function joinsOf(set: readonly DatasetManifest[], find: () => Promise<Join[]>): Promise<Join[]> {
      const key = hashOf(set.map(({ name, version }) => pinOf(name, version)));
      const held = await store.joins(key);
      if (held) return held;
      const found = await find();
      await store.saveJoins(key, found);
      return found;
    }
  },
});
