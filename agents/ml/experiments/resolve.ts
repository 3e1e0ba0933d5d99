import { type ModelUri, readModelUri } from "@muster/shared/domain/model-uri.ts";
import { fault } from "@muster/shared/fault.ts";
import type { DeploymentStore } from "../serving/store.ts";
import type { ListedRun } from "./run.ts";
import type { TrackingStore } from "./store.ts";

type Stores = { tracking: TrackingStore; deployments: Pick<DeploymentStore, "live" | "liveOf"> };

/** Reads a URI, a run's id or a model's name; `invalid_input` where it is none of them. */
export function modelUri(text: string): ModelUri {
  const uri = readModelUri(text);
  if (uri) return uri;
  throw fault(
    "invalid_input",
    "a model is named as models:/NAME/VERSION, models:/NAME@ALIAS or runs:/RUN; see npx muster models",
  );
}

/** The aliases of each version of a model (or of all), as `name/version`: those of what is live, and those that were set. */
export async function aliasesByVersion(
  name: string | null,
  { tracking, deployments }: Stores,
): Promise<(name: string, version: number) => string[]> {
  const [live, set] = await Promise.all([deployments.live(), tracking.aliases(name)]);
  const found = new Map<string, Set<string>>();
  const champions = new Set(
    live.filter(({ alias }) => alias === "champion").map((one) => `${one.name}/${one.version}`),
  );
  for (const one of [...live, ...set]) {
    const key = `${one.name}/${one.version}`;
    // A challenger that went live is the champion now.
    if (one.alias === "challenger" && champions.has(key)) continue;
    found.set(key, (found.get(key) ?? new Set()).add(one.alias));
  }
  return (model, version) => [...(found.get(`${model}/${version}`) ?? [])].sort();
}

/** The version of a model that an alias points at; `not_found` where it points at none. */
export async function aliasedVersion(name: string, alias: string, stores: Stores): Promise<number> {
  const live = await stores.deployments.live();
  const served = live.find((one) => one.name === name && one.alias === alias);
  const held = served ?? (await stores.tracking.aliases(name)).find((one) => one.alias === alias);
  const champion = live.find((one) => one.name === name && one.alias === "champion");
  // A challenger that went live is the champion now.
  const promoted = alias === "challenger" && held !== undefined && held.version === champion?.version;
  if (held && !promoted) return held.version;
  throw fault("not_found", `no version of ${name} bears the alias ${alias}; see npx muster models`);
}

/** The run that a URI leads to; `not_found` where there is none. */
export async function runOf(text: string, stores: Stores): Promise<ListedRun> {
  const uri = modelUri(text);
  const id = uri.kind === "run" ? uri.run : (await versionOf(uri, stores)).run;
  const run = await stores.tracking.run(id);
  if (!run) throw fault("not_found", `there is no run ${id}; see npx muster runs`);
  return run;
}

/** The registered version that a URI of a model leads to; a bare name means its champion. `not_found` where there is none. */
export async function versionOf(
  uri: Exclude<ModelUri, { kind: "run" }>,
  stores: Stores,
): Promise<{ name: string; version: number; hash: string; run: string }> {
  const { name } = uri;
  const version =
    uri.kind === "version"
      ? uri.version
      : await aliasedVersion(name, uri.kind === "alias" ? uri.alias : "champion", stores);
  const held = await stores.tracking.version(name, version);
  if (!held) throw fault("not_found", `${name} has no version ${version}; see npx muster models`);
  return { name, ...held };
}
