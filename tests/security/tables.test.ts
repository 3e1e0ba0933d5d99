import type { Process } from "@muster/bus/process.ts";
import { findProcesses } from "@muster/infra/processes.ts";
import { roleOf, schemaOf } from "@muster/shared/database/migrate.ts";
import { openPool } from "@muster/shared/database/open.ts";
import { type FactName, facts, mayGive } from "@muster/shared/fact/table.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bench, startBench } from "../support/process.ts";
import { findAgents } from "../support/stage.ts";

const specs = findProcesses();
const verbs = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"] as const;
type Table = { schema: string; name: string };

describe("each process tries each table", () => {
  let bench: Bench;
  let admin: ReturnType<typeof openPool>;
  let tables: Table[];
  const processes = new Map<string, Process>();
  const closes: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    bench = await startBench();
    for (const { name } of specs) processes.set(name, await bench.process(name));
    // Agents make their tables when they open.
    for (const agent of await findAgents()) {
      const { close } = await agent.open(processes.get(agent.name)!);
      if (close) closes.push(close);
    }
    admin = openPool({ url: bench.databaseUrl, schema: "public" });
    tables = (
      await admin.query<Table>(
        `select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'p', 'v', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') order by 1, 2`,
      )
    ).rows;
  });
  afterAll(async () => {
    for (const close of closes) await close();
    await admin?.end();
    await bench?.stop();
  });

  for (const { name } of specs)
    test(`${name} has its own schema, reads the evidence, and nothing else`, async () => {
      expect(tables.length).toBeGreaterThan(20);
      const { rows } = await admin.query<Table & { verb: string; may: boolean }>(
        `select t.schema, t.name, v.verb,
                has_schema_privilege($1, t.schema, 'USAGE') and has_table_privilege($1, format('%I.%I', t.schema, t.name), v.verb) as may
         from jsonb_to_recordset($2::jsonb) as t(schema text, name text), unnest($3::text[]) as v(verb)`,
        [roleOf(name), JSON.stringify(tables), verbs],
      );
      const wrong = rows.filter(({ schema, verb, may }) => {
        const declared = schema === schemaOf(name) || (schema === "evidence" && verb === "SELECT");
        return may !== declared;
      });
      expect(wrong).toEqual([]);
    });

  test("what is not granted fails when it is tried: the evidence's tables directly, another agent's, the superuser's", async () => {
    const owner = (await admin.query<{ name: string }>("select current_user as name")).rows[0]!.name;
    for (const [name, { pool }] of processes) {
      const own = schemaOf(name);
      const denied = (sql: string) =>
        expect(pool.query(sql), `${name}: ${sql}`).rejects.toMatchObject({ code: "42501" });
      for (const { schema, name: table } of tables) {
        if (schema === own) continue;
        if (schema !== "evidence") await denied(`select 1 from "${schema}"."${table}"`);
        await denied(`delete from "${schema}"."${table}"`);
        await denied(`insert into "${schema}"."${table}" default values`);
      }
      await denied(`alter table evidence.receipt disable trigger all`);
      await denied(`create table evidence.mine (x int)`);
      await denied(`create schema mine`);
      await denied(`set session authorization "${owner}"`);
    }
  });

  test("each process gives exactly the facts that are its own, under its own name", async () => {
    const giver = (process: Process, fact: string, by: string) =>
      process.pool.query("select evidence.give($1::jsonb, 'x', 'x')", [
        JSON.stringify({
          ...{
            id: `rcp_${process.name}_${fact}_${by}`,
            fact,
            by,
            about: {},
            subject: "s",
            value: {},
            verdict: "passed",
          },
          ...{ request: null, person: null, uses: [], at: "2026-01-01T00:00:00Z", expires: null },
        }),
      ]);
    for (const process of processes.values()) {
      const could: string[] = [];
      for (const fact of Object.keys(facts)) {
        const came = await giver(process, fact, process.name).then(
          () => "given",
          (error: { code: string }) => error.code,
        );
        expect(["given", "42501"]).toContain(came);
        if (came === "given") could.push(fact);
      }
      const own = (Object.keys(facts) as FactName[]).filter((fact) => mayGive(process.name, facts[fact]));
      expect(could, process.name).toEqual(own);
      for (const fact of own.slice(0, 1))
        await expect(giver(process, fact, "somebody_else")).rejects.toMatchObject({ code: "42501" });
    }
  });

  test("a receipt and an audit event can't be changed or removed, by their giver or by the database's owner", async () => {
    for (const statement of [
      "update evidence.receipt set verdict = 'passed'",
      "delete from evidence.receipt",
      "truncate evidence.receipt cascade",
      "update evidence.audit_event set person = 'x'",
      "delete from evidence.audit_event",
      "truncate evidence.audit_event",
    ])
      await expect(admin.query(statement), statement).rejects.toMatchObject({ code: "42501" });
  });
});
