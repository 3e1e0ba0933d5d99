import { mkdir, open, readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { ChainHead } from "@muster/shared/domain/audit-event.ts";
import { asDiskFault } from "@muster/shared/warehouse/atomic.ts";

/** Heads of the chain kept outside the database, in a file that is only ever written to at its end. */
export type Anchors = {
  /** The heads in the order written; `broken` is the first line that can't be read, null where all can. */
  read: () => Promise<{ heads: ChainHead[]; broken: number | null }>;
  /** Adds a head; it is on disk when this resolves. */
  add: (head: ChainHead, at: string) => Promise<void>;
};

const text = (file: string): Promise<string> =>
  readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });

function headOf(line: string): ChainHead | null {
  try {
    return ChainHead.parse(JSON.parse(line));
  } catch {
    // Not a head: the reader reports the line.
    return null;
  }
}

/** Opens `audit/anchors.jsonl` of a home: a line `{seq, hash, at}` a batch. What a crash left half-written is cut off. */
export async function openAnchors(home: string): Promise<Anchors> {
  const folder = join(home, "audit");
  const file = join(folder, "anchors.jsonl");
  await mkdir(folder, { recursive: true });
  const before = await text(file);
  if (before !== "" && !before.endsWith("\n"))
    await truncate(file, Buffer.byteLength(before.slice(0, before.lastIndexOf("\n") + 1)));
  return {
    async read() {
      const lines = (await text(file)).split("\n").slice(0, -1).map(headOf);
      const broken = lines.indexOf(null);
      return { heads: lines.filter((head) => head !== null), broken: broken < 0 ? null : broken + 1 };
    },
    async add({ seq, hash }, at) {
      try {
        const handle = await open(file, "a", 0o600);
        try {
          await handle.writeFile(`${JSON.stringify({ seq, hash, at })}\n`);
          await handle.sync();
        } finally {
          await handle.close();
        }
      } catch (error) {
        throw asDiskFault(error);
      }
    },
  };
}
