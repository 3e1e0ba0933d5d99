import { createHash } from "node:crypto";
import {
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { callersFolder } from "@muster/shared/config.ts";
import { fault } from "@muster/shared/fault.ts";
import { generateSampleCompany, type SampleFile } from "./sample-company/generate.ts";

/** A file in the inbox as it's loaded: path from the inbox, the dataset's name, its columns of event and arrival time. */
export type InboxFile = { file: string; name?: string; time?: string; arrived?: string };

/** The sample company in `<inbox>/sample-company-<seed>`, generated once; a cut-off run leaves none that looks whole. */
export async function sampleCompany(inbox: string, seed: number): Promise<InboxFile[]> {
  const folder = `sample-company-${seed}`;
  const target = join(inbox, folder);
  const listing = join(target, "files.json");
  if (!existsSync(listing)) {
    const fresh = `${target}.new`;
    for (const old of [fresh, target]) rmSync(old, { recursive: true, force: true });
    const { files } = await generateSampleCompany(fresh, { seed });
    const listed = files.map(
      ({ path, ...rest }: SampleFile): InboxFile => ({ ...rest, file: join(folder, basename(path)) }),
    );
    writeFileSync(join(fresh, "files.json"), JSON.stringify(listed, null, 2));
    renameSync(fresh, target);
  }
  return JSON.parse(readFileSync(listing, "utf8")) as InboxFile[];
}

/** Copies a person's own files into the inbox, the only folder that ingest opens. Throws `not_found` for a file that isn't there. */
export function intoInbox(inbox: string, files: readonly string[]): InboxFile[] {
  mkdirSync(inbox, { recursive: true, mode: 0o700 });
  return files.map((given) => {
    const path = resolve(callersFolder(), given);
    if (!existsSync(path)) throw fault("not_found", `no file ${given}`, { file: given });
    const file = basename(path);
    // Under another name first: whoever loads it meanwhile sees the old file or the new one whole.
    copyFileSync(path, join(inbox, `.${file}.new`));
    renameSync(join(inbox, `.${file}.new`), join(inbox, file));
    return { file };
  });
}

/** SHA-256 over the bytes of the files, in order; one GB takes about a second. */
export async function digestOf(inbox: string, files: readonly InboxFile[]): Promise<string> {
  const hash = createHash("sha256");
  for (const each of files) {
    hash.update(JSON.stringify(each));
    for await (const chunk of createReadStream(join(inbox, each.file))) hash.update(chunk as Buffer);
  }
  return hash.digest("hex");
}

/** What the last main job of a home was and which request answered it. */
export type LastJob = { fingerprint: string; request: string };

const lastJobFile = (home: string): string => join(home, "main-job.json");

/** The last main job that succeeded in this home; null when there was none. */
export const readLastJob = (home: string): LastJob | null =>
  existsSync(lastJobFile(home)) ? (JSON.parse(readFileSync(lastJobFile(home), "utf8")) as LastJob) : null;

/** Keeps which request answered the main job. */
export function writeLastJob(home: string, job: LastJob): void {
  mkdirSync(dirname(lastJobFile(home)), { recursive: true });
  writeFileSync(`${lastJobFile(home)}.new`, JSON.stringify(job));
  renameSync(`${lastJobFile(home)}.new`, lastJobFile(home));
}
