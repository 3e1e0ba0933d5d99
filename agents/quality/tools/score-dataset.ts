import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetPin, DatasetRef } from "@muster/shared/domain/dataset.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { z } from "zod";
import { bindingOn } from "../binding.ts";
import { readCoded } from "../cells/read-coded.ts";
import { findSuspects } from "../cells/suspects.ts";
import { checkExpectations } from "../check.ts";
import { freshnessOf, Period } from "../freshness.ts";
import { checkOf } from "../gate-check.ts";
import type { QualityDeps } from "../index.ts";
import { dimensions, scoreOf } from "../score.ts";

export const scoreDataset = tool({
  name: "score_dataset",
  does: "Scores a dataset version 0 to 100 by completeness, uniqueness, validity, consistency and timeliness, and says how each was counted.",
  effect: "read",
  input: z.object({ dataset: DatasetRef, warn_after: Period.optional(), error_after: Period.optional() }),
  output: z.object({
    dataset: DatasetPin,
    score: z.number(),
    parts: z.array(
      z.object({
        dimension: z.enum(dimensions),
        /** 0..1; null where nothing measures it, which leaves it out of the score. */
        score: z.number().nullable(),
        weight: z.number(),
        how: z.string(),
      }),
    ),
    verdict: z.string(),
  }),
  needs: [{ is: "dataset.profiled", of: "dataset", as: "profile" }],
  cost: { ms: 1500 },
  run: async ({ dataset, warn_after, error_after, profile }, { lake, threads, store, now }: Context & QualityDeps) => {
    const manifest = await lake.manifest(dataset);
    const binding = await bindingOn(store, manifest.name, dataset);
    const { checks, suspected } = await withPins(lake, [dataset], { threads }, async (reader) => {
      const table = await readCoded(reader, manifest.name, manifest.columns);
      const { results } = await checkExpectations(reader, manifest, binding);
      const cells = findSuspects(table).cells.length;
      return { checks: results.map(checkOf), suspected: { cells, of: table.rows * table.columns.length } };
    });
    const column = manifest.arrived ?? manifest.time;
    const newest = profile.columns.find((c) => c.name === column)?.time?.max ?? null;
    const limits = { warnAfter: warn_after ?? null, errorAfter: error_after ?? null };
    const limited = warn_after !== undefined || error_after !== undefined;
    const freshness = limited ? freshnessOf({ newest, now: now().toISOString(), ...limits }).status : null;
    const { score, parts } = scoreOf({ profile, checks, suspected, freshness });
    const least = parts.filter((part) => part.score !== null).sort((a, b) => a.score! - b.score!)[0];
    const verdict = `${score} of 100${least ? `; lowest in ${least.dimension}: ${least.how}` : ""}`;
    return { dataset, score, parts, verdict };
  },
});
