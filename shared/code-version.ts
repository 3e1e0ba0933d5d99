import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

/** The code that runs: the package's version, and git's commit where the folder is a checkout. */
export type CodeVersion = { version: string; commit: string | null };

const text = (file: string): string | null => (existsSync(file) ? readFileSync(file, "utf8").trim() : null);

/**
 * Which code a checkout holds: `version` of its package.json and the commit that HEAD names, read from git's own files
 * (branches, packed references, worktrees). What was changed since that commit isn't seen.
 */
export function codeVersion(checkout: string): CodeVersion {
  const { version } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")) as { version: string };
  return { version, commit: commitOf(join(checkout, ".git"), checkout) };
}

function commitOf(git: string, checkout: string): string | null {
  if (!existsSync(git)) return null;
  // A worktree's .git is a file that names the folder it stands for.
  const named = statSync(git).isFile() ? /^gitdir: (.+)$/m.exec(readFileSync(git, "utf8"))?.[1] : undefined;
  const folder = named ? resolve(checkout, named) : git;
  const head = text(join(folder, "HEAD"));
  if (head === null) return null;
  const ref = /^ref: (.+)$/.exec(head)?.[1];
  if (!ref) return /^[0-9a-f]{40,64}$/.test(head) ? head : null;
  const common = resolve(folder, text(join(folder, "commondir")) ?? ".");
  for (const root of [folder, common]) {
    const commit = text(join(root, ref));
    if (commit) return commit;
  }
  const packed = text(join(common, "packed-refs"))?.split("\n") ?? [];
  return packed.find((line) => line.endsWith(` ${ref}`))?.split(" ")[0] ?? null;
}
