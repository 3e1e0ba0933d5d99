import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { plainValue } from "@muster/shared/data-subject.ts";

/** How many predictions about a person were answered but haven't landed in a dataset yet: they do within a minute or two. */
export async function waitingPredictions(home: string, keys: ReadonlySet<string>): Promise<number> {
  const folder = join(home, "predictions");
  const files = await readdir(folder).catch(() => []);
  let waiting = 0;
  for (const file of files.filter((name) => /\.jsonl(\.open)?$/.test(name))) {
    try {
      for await (const line of createInterface({ input: createReadStream(join(folder, file)) }))
        if (about(line, keys)) waiting++;
    } catch (error) {
      // It landed meanwhile: the lake is read after this.
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
  }
  return waiting;
}

function about(line: string, keys: ReadonlySet<string>): boolean {
  try {
    const { key, features = {} } = JSON.parse(line) as { key: unknown; features?: Record<string, unknown> };
    return [key, ...Object.values(features)].some((cell) => typeof cell === "string" && keys.has(plainValue(cell)));
  } catch {
    // The line that is being written.
    return false;
  }
}
