import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { z } from "zod";
import type { PipelineDeps } from "../index.ts";
import { viewChanges } from "../view-changes.ts";

/** A model that was trained on a version of a view. */
const Touched = z.object({ name: z.string(), version: z.number().int(), hash: z.string(), live: z.array(z.string()) });

const Version = z.object({
  version: z.number().int(),
  hash: z.string(),
  at: z.string(),
  features: z.number().int(),
  /** Names of features against the version before. */
  added: z.array(z.string()),
  removed: z.array(z.string()),
  changed: z.array(z.string()),
  models: z.array(Touched),
});

export const getViewVersions = tool({
  name: "get_view_versions",
  does: "Shows every version of a feature view: what changed from one to the next, and which registered and live models stand on each.",
  effect: "read",
  input: z.object({ view: z.string().min(1).max(200) }),
  output: z.object({ view: z.string(), versions: z.array(Version), verdict: z.string() }),
  cost: { ms: 50 },
  run: async ({ view }, { store, evidence }: Context & PipelineDeps) => {
    const kept = await store.versions(view);
    const versions: z.infer<typeof Version>[] = [];
    for (const [i, { version, view, at }] of kept.entries()) {
      const live = new Map<string, string[]>();
      for (const receipt of await evidence.standing("deployment.live", { view: view.hash })) {
        const { name, hash } = await evidence.value<"deployment.live">(receipt);
        live.set(hash, [...(live.get(hash) ?? []), name]);
      }
      const models = new Map<string, z.infer<typeof Touched>>();
      for (const receipt of await evidence.standing("model.registered", { view: view.hash })) {
        const { name, version, hash } = await evidence.value<"model.registered">(receipt);
        models.set(`${name} ${version}`, { name, version, hash, live: [...new Set(live.get(hash) ?? [])].sort() });
      }
      versions.push({
        ...{ version, hash: view.hash, at, features: view.features.length },
        ...viewChanges(kept[i - 1]?.view ?? null, view),
        models: [...models.values()].sort((a, b) =>
          a.name < b.name ? -1 : a.name > b.name ? 1 : a.version - b.version,
        ),
      });
    }
    const { name } = kept[0]!.view;
    const older = versions.slice(0, -1).flatMap(({ models }) => models);
    const behind = older.length === 0 ? "" : `; ${older.length} model(s) stand on older ones`;
    const newest = versions.at(-1)!;
    const verdict = `${name}: ${versions.length} version(s), ${newest.models.length} model(s) stand on the newest${behind}`;
    return { view: name, versions, verdict };
  },
});
