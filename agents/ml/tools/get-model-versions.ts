import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { Metrics } from "@muster/shared/domain/model.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { MlDeps } from "../index.ts";

/** Versions listed at most: more would be an artifact instead of an answer. */
const mostVersions = 200;

export const getModelVersions = tool({
  name: "get_model_versions",
  does: "Lists the registered models with their versions, aliases and hold-out figures.",
  effect: "read",
  input: z.object({ name: z.string().min(1).max(100).optional() }),
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
    verdict: z.string(),
  }),
  cost: { ms: 20 },
  run: async ({ name = null }, { store, deployments }: Context & MlDeps) => {
    const [versions, live] = await Promise.all([store.versions(name, mostVersions), deployments.live()]);
    if (name !== null && versions.length === 0)
      throw fault("not_found", "no model of this name is registered; see npx muster models");
    const aliasesOf = (model: string, version: number) =>
      live.filter((one) => one.name === model && one.version === version).map(({ alias }) => alias);
    const models = Map.groupBy(versions, (one) => one.name);
    return {
      models: [...models].map(([model, list]) => ({
        name: model,
        versions: list.map(({ name: own, ...rest }) => ({ ...rest, aliases: aliasesOf(own, rest.version) })),
      })),
      verdict: `${models.size} models, ${versions.length} versions${versions.length === mostVersions ? " (the first ones by name)" : ""}`,
    };
  },
});
