import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fault } from "@muster/shared/fault.ts";
import { type PolicyFile, type PolicySet, parsePolicies } from "./policy-set.ts";

/** The folder of the policies that come with the agent: the schema and the default policy. */
export const defaultPolicies = fileURLToPath(new URL("../policies/", import.meta.url));

const read = async (path: string): Promise<PolicyFile> => ({
  name: basename(path),
  text: await readFile(path, "utf8"),
});

async function cedarFiles(folder: string, required: boolean): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => name.endsWith(".cedar"))
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    if (!required && (error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw fault("unavailable", "a folder of policies cannot be read; check that it exists and is readable", {}, error);
  }
}

/**
 * Reads the default policies and, where the user's folder exists, its `*.cedar` files, in the order of their names.
 * `invalid_input`, `conflict` as `parsePolicies`; `unavailable` where a folder that is there cannot be read.
 */
export async function loadPolicies(userFolder: string | null): Promise<PolicySet> {
  const own = await cedarFiles(defaultPolicies, true);
  const theirs = userFolder === null ? [] : await cedarFiles(userFolder, false);
  const files = await Promise.all([...own, ...theirs].map(read));
  return parsePolicies(await read(join(defaultPolicies, "muster.cedarschema")), files);
}
