import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Fault, fault } from "../fault.ts";

/** What a caller is told when a data folder's disk is full; nothing half-written stays. */
export const diskFull = (cause: unknown): Fault =>
  fault("unavailable", "the disk of the data folder is full; free some space and try again", {}, cause);

/** Turns a full disk into its fault and leaves any other error as it is. */
export function asDiskFault(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOSPC" || code === "EDQUOT" ? diskFull(error) : error;
}

/** Makes a finished rename survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes a small text file so that a reader sees the old one or the new one, whole, also after a crash. */
export async function writeAtomically(file: string, text: string, mode: number): Promise<void> {
  const folder = dirname(file);
  const temporary = join(folder, `.${randomUUID()}.tmp`);
  try {
    const handle = await open(temporary, "wx", mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw asDiskFault(error);
  }
  await syncFolder(folder);
}
