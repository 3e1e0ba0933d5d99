import { createHmac, randomBytes } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { fault } from "./fault.ts";
import { writeAtomically } from "./warehouse/atomic.ts";

/**
 * A person whom data are about, as requests, plans, the bus and the audit know them: a keyed hash of the value that names
 * them. The value itself (an e-mail address, a customer number) lies in a file of the home folder, as rows lie in the lake.
 */
export const DataSubject = z
  .string()
  .regex(
    /^psn_[0-9a-f]{40}$/,
    "say who through a door (HTTP, npx muster call), which keeps the value and passes a keyed hash on",
  )
  .meta({ muster: "person", description: "The value that names the person; the door passes only its keyed hash on." });

/** Where the values lie, owner only: one file a person, and the key of the hashes. */
const folderOf = (home: string): string => join(home, "private");
const shape = /^psn_[0-9a-f]{40}$/;

/** A value as it is compared: without accents of encoding, blanks around it and case. */
export const plainValue = (value: string): string => value.normalize("NFKC").trim().toLowerCase();

async function keyOf(home: string): Promise<Buffer> {
  const folder = folderOf(home);
  const file = join(folder, "key");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const fresh = join(folder, `.${randomBytes(8).toString("hex")}`);
  try {
    return await readFile(file);
  } catch {
    // Two processes may begin at once: a link never replaces the key that the other one made.
    const handle = await open(fresh, "wx", 0o600);
    await handle.writeFile(randomBytes(32));
    await handle.sync();
    await handle.close();
    await link(fresh, file).catch(() => undefined);
    await rm(fresh, { force: true });
    return readFile(file);
  }
}

/** Keeps the value that names a person and gives what they are called from here on; one that is called so already stays so. */
export async function keepDataSubject(home: string, value: string): Promise<string> {
  if (shape.test(value)) return value;
  const plain = plainValue(value);
  if (plain === "" || plain.length > 300)
    throw fault("invalid_input", "the value that names a person has 1 to 300 characters");
  const key = await keyOf(home);
  const id = `psn_${createHmac("sha256", key).update(plain).digest("hex").slice(0, 40)}`;
  await writeAtomically(join(folderOf(home), id), plain, 0o600);
  return id;
}

/** The value that names a person; `not_found` where it isn't held (any more). */
export async function readDataSubject(home: string, id: string): Promise<string> {
  try {
    return await readFile(join(folderOf(home), DataSubject.parse(id)), "utf8");
  } catch (error) {
    const message = "who this is isn't held any more; say it again by value, over HTTP or with npx muster call";
    throw fault("not_found", message, {}, error);
  }
}

/** Forgets the value; the keyed hash alone says nothing. */
export const forgetDataSubject = (home: string, id: string): Promise<void> =>
  rm(join(folderOf(home), DataSubject.parse(id)), { force: true });

/** Forgets the values that nobody has asked about since a moment, but those still wanted. Gives how many. */
export async function forgetOlder(home: string, before: Date, wanted: ReadonlySet<string>): Promise<number> {
  let forgotten = 0;
  for (const id of await readdir(folderOf(home)).catch(() => [])) {
    if (!shape.test(id) || wanted.has(id)) continue;
    const file = await stat(join(folderOf(home), id)).catch(() => null);
    if (!file || file.mtimeMs >= before.getTime()) continue;
    await forgetDataSubject(home, id);
    forgotten++;
  }
  return forgotten;
}

/** An input with each value that names a person replaced by what they are called: what a door does before anything is signed or sent. */
export async function withoutValues(
  home: string,
  schema: Record<string, unknown>,
  input: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const properties = (schema.properties ?? {}) as Record<string, { muster?: string }>;
  const named = { ...input };
  for (const [key, { muster }] of Object.entries(properties)) {
    const value = input[key];
    if (muster !== "person" || value === undefined) continue;
    if (typeof value !== "string" && typeof value !== "number")
      throw fault("invalid_input", `${key}: pass the value that names the person, as text`);
    named[key] = await keepDataSubject(home, String(value));
  }
  return named;
}
