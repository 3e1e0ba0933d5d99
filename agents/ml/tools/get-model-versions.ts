import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { Metrics } from "@muster/shared/domain/model.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { pageInput, pageToken, placeOf } from "../experiments/paging.ts";
import { aliasedVersion, aliasesByVersion, modelUri } from "../experiments/resolve.ts";
import type { MlDeps } from "../index.ts";

/** Versions of a page at most: more would be an artifact instead of an answer. */
const mostVersions = 200;

const Place = z.tuple([z.string(), z.number()]);

export const getModelVersions = tool({
  name: "get_model_versions",
  does: "Lists the registered models with their versions, aliases and hold-out figures; of one model, or what a models:/ URI names.",
  effect: "read",
  input: z.object({
    /** A model's name, `models:/NAME/VERSION`, `models:/NAME@ALIAS` or `runs:/RUN`. */
    name: z.string().min(1).max(200).optional(),
    ...pageInput(mostVersions),
  }),
  output: z.object({
    models: z.array(
      z.object({
        name: z.string(),
        versions: z.array(
          z.object({
            version: z.number().int(),
            hash: z.string(),
            aliases: z.array(z.string()),
            metrics: Metrics,
            run: z.string(),
            exploratory: z.boolean(),
            at: z.string(),
          }),
        ),
      }),
    ),
    next_page_token: z.string().nullable(),
    verdict: z.string(),
  }),
  cost: { ms: 20 },
  run: async ({ name: asked, max_results: limit = mostVersions, page_token }, context: Context & MlDeps) => {
    const only = asked === undefined ? null : await wanted(asked, context);
    const after = page_token === undefined ? null : readPlace(page_token);
    const found = await context.tracking.versionPage({ ...(only ?? { name: null }), after, limit: limit + 1 });
    if (only !== null && found.length === 0 && after === null)
      throw fault("not_found", "no model of this name is registered; see npx muster models");
    const versions = found.slice(0, limit);
    const last = versions.at(-1);
    const more = found.length > limit;
    const aliasesOf = await aliasesByVersion(only?.name ?? null, context);
    const models = Map.groupBy(versions, (one) => one.name);
    return {
      models: [...models].map(([model, list]) => ({
        name: model,
        versions: list.map(({ name: own, ...rest }) => ({ ...rest, aliases: aliasesOf(own, rest.version) })),
      })),
      next_page_token: more && last ? pageToken(JSON.stringify([last.name, last.version])) : null,
      verdict: `${models.size} models, ${versions.length} versions${more ? " on this page" : ""}`,
    };
  },
});

/** What a name or URI asks for: a model, one version of it, or the versions that a run was registered as. */
async function wanted(
  asked: string,
  context: MlDeps,
): Promise<{ name: string | null; version?: number; run?: string }> {
  const uri = modelUri(asked);
  if (uri.kind === "run") return { name: null, run: uri.run };
  if (uri.kind === "version") return { name: uri.name, version: uri.version };
  if (uri.kind === "alias") return { name: uri.name, version: await aliasedVersion(uri.name, uri.alias, context) };
  return { name: uri.name };
}

function readPlace(token: string): readonly [string, number] {
  const place = placeOf(token);
  const read = Place.safeParse(place.startsWith("[") ? JSON.parse(place) : null);
  if (read.success) return read.data;
  throw fault("invalid_input", "page_token: no page of this list gave this; begin without it");
}
