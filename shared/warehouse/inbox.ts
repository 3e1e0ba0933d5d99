import { constants } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { basename, isAbsolute, join, relative, sep } from "node:path";
import { fault } from "../fault.ts";

/** A file of the inbox that was checked and is held open: what is read is what was checked. Close the handle. */
export type InboxFile = { handle: FileHandle; name: string; bytes: number };

const refused = (why: string) => fault("denied", `the path ${why}; load regular files of the inbox only`);

async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    throw fault("not_found", "no such file in the inbox; load it with: muster load FILE", {}, error);
  }
}

/**
 * Opens a file that a user named: inside the inbox (a name in it, or a path below it), by its real path, a regular file
 * with exactly one link, at most `maxBytes` long. `denied` for anything else that is there, `not_found` where nothing is,
 * `invalid_input` for an empty or oversized file.
 */
export async function openInboxFile(inbox: string, file: string, maxBytes: number): Promise<InboxFile> {
  if (file.includes("\0")) throw refused("holds a NUL character");
  if (file.split(/[/\\]/).includes("..")) throw refused("holds ..");
  const root = await realOf(inbox);
  const within = isAbsolute(file) ? relative(inbox, file) : file;
  const real = await realOf(join(root, within));
  if (!real.startsWith(root + sep)) throw refused("leads outside the inbox");
  // A link that stays inside the inbox is refused too: what it names could change between check and use.
  if (real !== join(root, within)) throw refused("goes through a symbolic link");

  // O_NONBLOCK: opening a named pipe must not wait for its writer.
  const handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw refused("is not a regular file");
    if (status.nlink !== 1) throw refused("has more than one hard link");
    if (status.size === 0) throw fault("invalid_input", "the file is empty; load a file with a header and rows");
    if (status.size > maxBytes) {
      const message = `the file has ${status.size} bytes, more than the limit of ${maxBytes}; split it, or load Parquet`;
      throw fault("invalid_input", message, { bytes: status.size, limit: maxBytes });
    }
    return { handle, name: basename(real), bytes: status.size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
