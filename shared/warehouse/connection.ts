import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { secretOf } from "../config.ts";
import { DatasetName } from "../domain/dataset.ts";
import { fault } from "../fault.ts";
import { connectionsFolder, secretsFolder } from "../home.ts";
import { writeAtomically } from "./atomic.ts";
import type { Lake } from "./lake.ts";

/** Where a password is, never the password: a file of the home's folder of secrets, a variable, or nowhere (the server asks none). */
export const SecretReference = z.discriminatedUnion("in", [
  z.object({ in: z.literal("file"), name: DatasetName }),
  z.object({ in: z.literal("environment"), name: z.string().regex(/^MUSTER_SECRET_[A-Z0-9_]+$/) }),
  z.object({ in: z.literal("nowhere") }),
]);
export type SecretReference = z.infer<typeof SecretReference>;

/** `sslmode` of a PostgreSQL URL, as libpq means it: `require` encrypts, `verify-ca` and `verify-full` also look who answers. */
export const SslMode = z.enum(["disable", "prefer", "require", "verify-ca", "verify-full"]);

/** A connection to a warehouse as it is kept. `schemas` empty: every schema that the role may use. */
export const Connection = z.object({
  name: DatasetName,
  kind: z.literal("postgres"),
  host: z.string().min(1).max(253),
  port: z.number().int().min(1).max(65_535),
  database: z.string().min(1).max(63),
  user: z.string().min(1).max(63),
  password: SecretReference,
  ssl: SslMode.default("prefer"),
  /** A file with the certificates of who may answer, for `verify-ca` and `verify-full`; absent: the machine's own. */
  rootCertificate: z.string().max(1000).optional(),
  schemas: z.array(z.string().min(1).max(63)).max(200).default([]),
  /** Seconds after which the warehouse stops a statement. */
  statementSeconds: z.number().int().min(1).max(3600).default(300),
  /** Gigabytes that a statement may read by the warehouse's own estimate. */
  scanGb: z.number().positive().max(100_000).default(50),
});
export type Connection = z.infer<typeof Connection>;

/** The home folder that a lake stands in. */
export const homeOf = (lake: Pick<Lake, "folder">): string => dirname(lake.folder);

const fileOf = (home: string, name: string) => join(connectionsFolder(home), `${DatasetName.parse(name)}.json`);

/** Keeps a connection, in the place of one of the same name. */
export async function keepConnection(home: string, connection: Connection): Promise<void> {
  await mkdir(connectionsFolder(home), { recursive: true });
  await writeAtomically(fileOf(home, connection.name), JSON.stringify(Connection.parse(connection)), 0o600);
}

/** A connection by name. `not_found` says how to make one. */
export async function connectionOf(home: string, name: string): Promise<Connection> {
  try {
    return Connection.parse(JSON.parse(await readFile(fileOf(home, name), "utf8")));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      throw fault("not_found", `no warehouse ${name}; connect it with: muster connect postgres URL --as ${name}`);
    throw fault("internal", `the connection ${name} can't be read; connect the warehouse again`, {}, error);
  }
}

/** The password that a reference means; undefined where there is none. `precondition_failed` where it isn't there. */
export async function passwordOf(home: string, reference: SecretReference): Promise<string | undefined> {
  if (reference.in === "nowhere") return undefined;
  if (reference.in === "environment") {
    const value = secretOf(reference.name);
    if (value !== undefined) return value;
    throw fault("precondition_failed", `${reference.name} isn't set; set it and start the swarm again`);
  }
  try {
    return (await readFile(join(secretsFolder(home), reference.name), "utf8")).replace(/\r?\n$/, "");
  } catch (error) {
    throw fault(
      "precondition_failed",
      `the password of ${reference.name} isn't there; connect the warehouse again`,
      {},
      error,
    );
  }
}
