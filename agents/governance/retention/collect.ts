import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Evidence } from "@muster/bus/evidence.ts";
import { DatasetName, pinOf } from "@muster/shared/domain/dataset.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import type { GovernanceStore } from "../store.ts";
import { neededVersions } from "./needed-versions.ts";
import { planRemoval, type RemovalPlan, type Standing } from "./plan-removal.ts";

/** Files that a crash left: no dataset version, no work that can still be under way. */
export type Orphan = { path: string; bytes: number };

/** Everything that can go, and what a rule would let go but something needs. */
export type GarbagePlan = RemovalPlan & { artifacts: { hash: string; bytes: number }[]; orphans: Orphan[] };

/** What a plan stands on. */
export type Collecting = { store: GovernanceStore; evidence: Evidence; lake: Lake; now: Date };

const hourMs = 3_600_000;
/** Long work ends within an hour; a request within a day and what it may wait for a person. */
const [orphanAfterMs, artifactAfterMs, requestMs] = [6 * hourMs, 7 * 24 * hourMs, 50 * hourMs];
const before = (now: Date, ms: number): string => new Date(now.getTime() - ms).toISOString();

/** Plans a garbage collection; nothing is touched. */
export async function planGarbage({ store, evidence, lake, now }: Collecting): Promise<GarbagePlan> {
  const needed = await neededVersions({ evidence, lake }, await store.garbage.runningPins(before(now, requestMs)));
  const plan = planRemoval(await standingVersions(lake), await store.retention.all(), needed, now);
  const artifacts = await store.garbage.looseArtifacts(before(now, artifactAfterMs));
  return { ...plan, artifacts, orphans: await orphans(lake, now) };
}

/** Every version whose rows stand here, by dataset, oldest first; what stays in a warehouse isn't ours to let go. */
async function standingVersions(lake: Lake): Promise<Standing[]> {
  const found: Standing[] = [];
  for (const { name, kind, place } of await lake.list()) {
    if (place) continue;
    const standing = new Set(await lake.versions(name));
    const history = await lake.history(name);
    for (const [i, { pin, at }] of history.entries())
      if (standing.has(pin)) {
        const { bytes } = await lake.manifest(pin);
        found.push({ pin, name, kind, bytes, since: at, until: history[i + 1]?.at ?? null });
      }
  }
  return found;
}

/** Snapshots in the making, and finished ones that never became a version. */
async function orphans(lake: Lake, now: Date): Promise<Orphan[]> {
  const found: Orphan[] = [];
  const look = async (folder: string, strange: (name: string) => boolean) => {
    for (const name of await readdir(folder).catch(() => [])) {
      if (!strange(name)) continue;
      const path = join(folder, name);
      const file = await stat(path).catch(() => null);
      if (file?.isFile() && now.getTime() - file.mtimeMs > orphanAfterMs) found.push({ path, bytes: file.size });
    }
  };
  await look(join(lake.folder, ".scratch"), () => true);
  for (const name of await readdir(lake.folder)) {
    if (!DatasetName.safeParse(name).success) continue;
    const known = new Set(await lake.everyVersion(name));
    await look(
      join(lake.folder, name),
      (file) => file.endsWith(".tmp") || (file.endsWith(".parquet") && !known.has(pinOf(name, file.slice(0, -8)))),
    );
  }
  return found;
}

/** Takes orphans away; gives the bytes freed. */
export async function removeOrphans(found: readonly Orphan[]): Promise<number> {
  for (const { path } of found) await rm(path, { force: true });
  return found.reduce((sum, { bytes }) => sum + bytes, 0);
}
