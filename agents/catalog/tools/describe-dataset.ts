import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { classesOf } from "@muster/shared/domain/classification.ts";
import { DatasetRef } from "@muster/shared/domain/dataset.ts";
import { Join } from "@muster/shared/domain/join.ts";
import { z } from "zod";
import { CatalogEntry, entries } from "../entry.ts";
import type { CatalogDeps } from "../index.ts";
import { joinsHeldOf } from "../joins/known.ts";
import { rhythmDays } from "../staleness.ts";
import { standing } from "../texts/text.ts";

const Said = z.object({ text: z.string(), giver: z.string(), by: z.string().nullable(), at: z.string() });

export const describeDataset = tool({
  name: "describe_dataset",
  does: "Describes a dataset version: what it is said to be, its owner, columns with types and counts, joins, freshness and versions.",
  effect: "read",
  input: z.object({ dataset: DatasetRef }),
  output: CatalogEntry.extend({
    description: Said.nullable(),
    owner: Said.nullable(),
    tags: z.array(z.string()),
    columns: z.array(
      CatalogEntry.shape.columns.element.extend({
        description: Said.nullable(),
        /** What governance found it to hold; null where this version isn't classified. */
        holds: z.array(z.string()).nullable(),
      }),
    ),
    /** The joins with others that were found between the newest versions; null where none were looked for since. */
    joins: z.array(Join).nullable(),
    freshness: z.object({
      newestEvent: z.string().nullable(),
      lastLoad: z.string(),
      /** Days, the median between loads; null below three loads. */
      loadsEveryDays: z.number().nullable(),
    }),
    origin: z.string(),
    writtenAt: z.string(),
    notes: z.array(z.string()),
    versions: z.number().int(),
    newest: z.boolean(),
    verdict: z.string(),
  }),
  needs: [{ is: "dataset.classified", of: "dataset", as: "classification", optional: true }],
  cost: { ms: 30 },
  run: async ({ dataset, classification }, context: Context & CatalogDeps) => {
    const { lake, store } = context;
    const manifest = await lake.manifest(dataset);
    const [entry] = await entries(context, [manifest]);
    const { origin, writtenAt, notes, name, rows, columns } = manifest;
    const texts = await store.texts.of([name]);
    const said = (kind: "description" | "owner", column: string | null) => {
      const found = standing(texts, kind, column);
      return found && { text: found.text, giver: found.giver, by: found.by, at: found.at };
    };
    const held = new Map(classification?.columns.map((one) => [one.name, classesOf(one)]));
    const loads = (await lake.history(name)).map(({ at }) => at).sort();
    const owner = said("owner", null);
    return {
      ...entry!,
      columns: entry!.columns.map((column) => ({
        ...column,
        description: said("description", column.name),
        holds: classification ? (held.get(column.name) ?? []) : null,
      })),
      description: said("description", null),
      owner,
      tags: texts.flatMap(({ kind, text }) => (kind === "tag" ? [text] : [])),
      joins: await joinsHeldOf(context, name),
      freshness: {
        newestEvent: entry!.range?.to ?? null,
        lastLoad: loads.at(-1) ?? writtenAt,
        loadsEveryDays: rhythmDays(loads),
      },
      origin,
      writtenAt,
      notes,
      versions: (await lake.versions(name)).length,
      newest: await lake.isNewest(dataset),
      verdict: `${name}: ${rows} rows, ${columns.length} columns${owner ? `, owned by ${owner.text}` : ""}`,
    };
  },
});
