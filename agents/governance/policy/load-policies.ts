import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fault } from "@muster/shared/fault.ts";
import { type PolicyFile, type PolicySet, parsePolicies } from "./policy-set.ts";

/** The folder of the policies that come with the agent: the schema, the default policy and its tests. */
export const defaultPolicies = fileURLToPath(new URL("../policies/", import.meta.url));

/** Policy files as they stand: the schema, those that come with the agent, the team's own. */
export type PolicyFiles = { schema: PolicyFile; own: PolicyFile[]; theirs: PolicyFile[] };

const read = async (path: string): Promise<PolicyFile> => ({
  name: basename(path),
  text: await readFile(path, "utf8"),
});

/** The files of a folder whose names end so, in the order of their names; none where the folder isn't there. */
export async function filesIn(folder: string, ending: string, required = false): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => name.endsWith(ending))
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    if (!required && (error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw fault("unavailable", "a folder of policies cannot be read; check that it exists and is readable", {}, error);
  }
}

/** Reads the default policies and, where the user's folder exists, its `*.cedar` files, in the order of their names. */
export async function readPolicyFiles(userFolder: string | null): Promise<PolicyFiles> {
  const own = await filesIn(defaultPolicies, ".cedar", true);
  const theirs = userFolder === null ? [] : await filesIn(userFolder, ".cedar");
  try {
    return {
      schema: await read(join(defaultPolicies, "muster.cedarschema")),
      own: await Promise.all(own.map(read)),
      theirs: await Promise.all(theirs.map(read)),
    };
  } catch (error) {
    throw fault("unavailable", "a policy file cannot be read; check that it is readable", {}, error);
  }
}

/** What changes when a policy file is added, taken away or written: names, sizes and times, without reading a file. */
export async function stampOf(userFolder: string): Promise<string> {
  const paths = [...(await filesIn(defaultPolicies, ".cedar", true)), ...(await filesIn(userFolder, ".cedar"))];
  const parts = paths.map(async (path) => {
    // A link that leads nowhere is a file that can't be read, which reading it says.
    const { ino, size, mtimeMs, ctimeMs } = await stat(path).catch(() => ({ ino: 0, size: 0, mtimeMs: 0, ctimeMs: 0 }));
    return `${path} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
  });
  return (await Promise.all(parts)).join("\n");
}

/** Parses what was read. `invalid_input`, `conflict` as `parsePolicies`. */
export const policiesOf = ({ schema, own, theirs }: PolicyFiles): PolicySet =>
  parsePolicies(schema, [...own, ...theirs]);

/**
 * Reads and parses the default policies and the user's. `invalid_input`, `conflict` as `parsePolicies`; `unavailable`
 * where a folder that is there cannot be read.
 */
export const loadPolicies = async (userFolder: string | null): Promise<PolicySet> =>
  policiesOf(await readPolicyFiles(userFolder));
