import { z } from "zod";

/**
 * A registered model as a caller names it: `models:/name/version`, `models:/name@alias`, `runs:/id`, or its name, which means its
 * champion, else its newest version; or by the SHA-256 of its bytes. The planner has whatever is done stand on what that version stands on.
 */
export const ModelRef = z.string().min(1).max(200).meta({ muster: "model" });

/** What a model or a file of a run is named by: a version, an alias, a run, or the newest version of a name. */
export type ModelUri =
  | { kind: "version"; name: string; version: number }
  | { kind: "alias"; name: string; alias: string }
  | { kind: "run"; run: string; path: string | null }
  | { kind: "name"; name: string };

/** Whether a model is named by the SHA-256 of its bytes. */
export const isModelHash = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);

const names = {
  version: /^models:\/([a-z][a-z0-9_]{0,62})\/(\d{1,9})$/,
  alias: /^models:\/([a-z][a-z0-9_]{0,62})@([a-z][a-z0-9_-]{0,62})$/,
  run: /^runs:\/(run_[0-9a-z]{1,64})(?:\/([\w./-]{1,200}))?$/,
  bareRun: /^run_[0-9a-z]{1,64}$/,
  name: /^(?:models:\/)?([a-z][a-z0-9_]{0,62})$/,
};

/**
 * Reads `models:/name/version`, `models:/name@alias`, `models:/name`, `runs:/id`, `runs:/id/path`, or a bare run's id or
 * model's name; null for anything else. The spelling of the URIs is MLflow's.
 */
export function readModelUri(text: string): ModelUri | null {
  const version = names.version.exec(text);
  if (version) return { kind: "version", name: version[1]!, version: Number(version[2]) };
  const alias = names.alias.exec(text);
  if (alias) return { kind: "alias", name: alias[1]!, alias: alias[2]! };
  const run = names.run.exec(text);
  if (run) return { kind: "run", run: run[1]!, path: run[2] ?? null };
  if (names.bareRun.test(text)) return { kind: "run", run: text, path: null };
  const name = names.name.exec(text);
  return name ? { kind: "name", name: name[1]! } : null;
}
