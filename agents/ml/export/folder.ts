import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { exportsFolder } from "@muster/shared/home.ts";

/** How long an exported matrix may be fetched; then its file is gone. */
export const exportMs = 15 * 60_000;

/** Makes the folder of a request's export, which nobody else on the machine may read. */
export async function makeExport(home: string, request: string): Promise<string> {
  const folder = join(exportsFolder(home), request);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** Removes exports that are older than they may be fetched; gives how many. */
export async function sweepExports(home: string, now: Date): Promise<number> {
  const root = exportsFolder(home);
  let swept = 0;
  for (const name of await readdir(root).catch(() => [])) {
    const folder = join(root, name);
    const made = await stat(folder).catch(() => null);
    if (made === null || now.getTime() - made.mtimeMs <= exportMs) continue;
    await rm(folder, { recursive: true, force: true });
    swept++;
  }
  return swept;
}
