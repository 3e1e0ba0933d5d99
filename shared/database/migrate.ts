import { readFileSync } from "node:fs";
import pg from "pg";
import { facts, factType, mayGive } from "../fact/table.ts";
import { fault } from "../fault.ts";

/** A login role for one process of the swarm: `muster_<process>` with its password. */
export type ProcessRole = { process: string; role: string; password: string };

/** The login role's name of a process: `ml-worker` → `muster_ml_worker`. */
export const roleOf = (process: string): string => `muster_${process.replaceAll("-", "_")}`;

/** The schema that a process writes: its agent's (`ml-worker` → `ml`). */
export const schemaOf = (process: string): string => process.replace(/-(worker|serving)$/, "");

const ident = (name: string) => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/**
 * Brings a database to the current shape: the schema `evidence`, one login role a process and one schema an agent.
 * Run with an administrator's URL at every start; repeating it changes nothing. Agents migrate their own schema when
 * they open (`migrateOwn`). Throws `unavailable` naming the right that is missing.
 */
export async function migrate(adminUrl: string, roles: readonly ProcessRole[]): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query("select pg_advisory_lock(7116823)");
    const exists = await client.query("select to_regclass('evidence.receipt') is not null as there");
    await client.query("begin");
    await openTrigrams(client);
    if (!exists.rows[0].there) await client.query(readFileSync(new URL("./evidence.sql", import.meta.url), "utf8"));
    await client.query(readFileSync(new URL("./collect.sql", import.meta.url), "utf8"));
    for (const role of roles) await grantRole(client, role);
    await grantFamilies(client, roles);
    await client.query("delete from evidence.giver");
    for (const { process } of roles)
      for (const name of Object.keys(facts)) {
        const type = factType(name);
        if (type && mayGive(process, type))
          await client.query("insert into evidence.giver (fact, process) values ($1, $2)", [name, process]);
      }
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    if ((error as { code?: string }).code === "42501")
      throw fault(
        "unavailable",
        `the database user lacks a right: ${(error as Error).message}; see muster up --print-setup`,
      );
    throw error;
  } finally {
    await client.end();
  }
}

/** The extension by which the catalog compares spellings. It is trusted: the owner of the database may make it. */
async function openTrigrams(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ made: boolean }>(
    `select e.oid is not null as made from pg_available_extensions a left join pg_extension e on e.extname = a.name
     where a.name = 'pg_trgm'`,
  );
  if (rows.length === 0)
    throw fault(
      "unavailable",
      "the PostgreSQL server lacks the extension pg_trgm (contrib); install it there, see muster up --print-setup",
      { extension: "pg_trgm" },
    );
  if (!rows[0]!.made) await client.query("create extension pg_trgm");
}

async function grantRole(client: pg.Client, { process, role, password }: ProcessRole): Promise<void> {
  const there = await client.query("select 1 from pg_roles where rolname = $1", [role]);
  const verb = there.rowCount ? "alter" : "create";
  await client.query(
    `${verb} role ${ident(role)} login nosuperuser nocreatedb nocreaterole password ${literal(password)}`,
  );
  await client.query("insert into evidence.process (role, process) values ($1, $2) on conflict (role) do nothing", [
    role,
    process,
  ]);
  await client.query(`grant usage on schema evidence to ${ident(role)}`);
  await client.query(`grant select on all tables in schema evidence to ${ident(role)}`);
  await client.query(`grant execute on all functions in schema evidence to ${ident(role)}`);
}

/** An agent's processes share its schema: the agent's own role owns it, its worker and serving roles are members. */
async function grantFamilies(client: pg.Client, roles: readonly ProcessRole[]): Promise<void> {
  for (const { process, role } of roles) {
    const schema = schemaOf(process);
    const owner = roleOf(schema);
    if (schema === process) {
      // The administrator must be a member of the owner to create a schema for it.
      await client.query(`grant ${ident(owner)} to current_user`);
      await client.query(`create schema if not exists ${ident(schema)} authorization ${ident(owner)}`);
    } else if (roles.some((other) => other.process === schema))
      await client.query(`grant ${ident(owner)} to ${ident(role)}`);
  }
}
