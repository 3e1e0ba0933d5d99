import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { type DatasetManifest, DatasetName } from "@muster/shared/domain/dataset.ts";
import { Join } from "@muster/shared/domain/join.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { inPlace } from "../in-place.ts";
import type { CatalogDeps } from "../index.ts";
import { joinsBetween, widestSearch } from "../joins/known.ts";
import type { FoundJoin } from "../joins.ts";

export const cardinalities = ["many_to_one", "one_to_one"] as const;

/** How many rows of the left side one of the right side has. */
export const cardinalityOf = ({ leftUnique }: Pick<Join, "leftUnique">): (typeof cardinalities)[number] =>
  leftUnique ? "one_to_one" : "many_to_one";

const grounds = { declared: "declared by the source", names: "names and values agree", values: "by values alone" };

export const discoverJoins = tool({
  name: "discover_joins",
  does: "Finds how datasets join, from names and from values: inclusion counted over every row, cardinality, and why it is believed.",
  effect: "read",
  long: true,
  input: z.object({
    /** Two or more; without them all source datasets, the newest where there are many. */
    datasets: z.array(DatasetName).min(2).max(widestSearch).optional(),
  }),
  output: z.object({
    joins: z.array(
      Join.extend({
        cardinality: z.enum(cardinalities),
        by: z.enum(["declared", "names", "values"]),
        /** Share of the right side's keys that the left side names. */
        filled: z.number(),
        why: z.string(),
      }),
    ),
    looked: z.number().int(),
    verdict: z.string(),
  }),
  cost: { ms: 2000 },
  run: async ({ datasets }, context: Context & CatalogDeps) => {
    const all = (await context.lake.list()).filter(({ kind }) => kind === "source");
    const missing = datasets?.find((name) => !all.some((one) => one.name === name));
    if (missing) throw fault("not_found", `there is no source dataset ${missing}; see catalog.list_datasets`);
    const chosen = datasets
      ? all.filter(({ name }) => datasets.includes(name))
      : all.sort((a, b) => b.writtenAt.localeCompare(a.writtenAt)).slice(0, widestSearch);
    const tables: DatasetManifest[] = [];
    for (const [, own] of Map.groupBy(chosen, ({ place }) => place?.source ?? ""))
      tables.push(
        ...(await inPlace(context.lake, own, { place: own[0]!.place, most: own.length, now: context.now() })).tables,
      );
    tables.sort((a, b) => a.name.localeCompare(b.name));
    const joins = (await joinsBetween(context, tables)).map((join) => ({
      ...join,
      cardinality: cardinalityOf(join),
      why: whyOf(join),
    }));
    return {
      joins,
      looked: tables.length,
      verdict: `${joins.length} join(s) between ${tables.length} dataset(s)${joins.length > 0 ? `: ${joins.map(inWords).join(", ")}` : ""}`,
    };
  },
});

const inWords = ({ left, right }: Join) => `${left.dataset}.${left.column} → ${right.dataset}.${right.column}`;
const percent = (share: number) => `${Math.floor(share * 1000) / 10} %`;

const whyOf = ({ by, inclusion, filled, left, right }: FoundJoin): string =>
  `${grounds[by]}: ${percent(inclusion)} of the rows of ${left.dataset} with a value find theirs in ${right.dataset}, where it is unique; they name ${percent(filled)} of its keys`;
