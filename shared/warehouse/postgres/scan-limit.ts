import type pg from "pg";
import { fault } from "../../fault.ts";

/** A step of the server's plan, as EXPLAIN's JSON has it. */
type Step = {
  "Node Type": string;
  "Relation Name"?: string;
  Schema?: string;
  "Plan Rows": number;
  "Plan Width": number;
  Plans?: Step[];
};

/** What the server expects a statement to read from tables, and how many rows to give. */
export type ScanEstimate = { bytes: number; rows: number };

const stepsOf = (step: Step): Step[] => [step, ...(step.Plans ?? []).flatMap(stepsOf)];
const GB = 1e9;

/** Bytes that scans of tables read: the whole of a table that is read from end to end, else the rows that are fetched. */
export async function estimateScan(
  client: pg.Client,
  sql: string,
  params: readonly unknown[] = [],
): Promise<ScanEstimate> {
  const { rows } = await client.query<{ "QUERY PLAN": [{ Plan: Step }] }>(`EXPLAIN (FORMAT JSON, VERBOSE) ${sql}`, [
    ...params,
  ]);
  const plan = rows[0]!["QUERY PLAN"][0].Plan;
  const scans = stepsOf(plan).filter((step) => step["Relation Name"] !== undefined);
  const whole = scans.filter((step) => step["Node Type"] === "Seq Scan");
  const sizes = whole.length === 0 ? new Map<string, number>() : await sizesOf(client, whole);
  const bytes = scans.map((step) => sizes.get(nameOf(step)) ?? step["Plan Rows"] * step["Plan Width"]);
  return { bytes: bytes.reduce((a, b) => a + b, 0), rows: plan["Plan Rows"] };
}

const nameOf = (step: Step) => JSON.stringify([step.Schema, step["Relation Name"]]);

async function sizesOf(client: pg.Client, steps: readonly Step[]): Promise<Map<string, number>> {
  const { rows } = await client.query<{ schema: string; table: string; bytes: number }>(
    `SELECT n.nspname AS schema, c.relname AS "table", pg_relation_size(c.oid) AS bytes
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE (n.nspname, c.relname) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
    [steps.map((step) => step.Schema), steps.map((step) => step["Relation Name"])],
  );
  return new Map(rows.map(({ schema, table, bytes }) => [JSON.stringify([schema, table]), Number(bytes)]));
}

/** Refuses, before it runs, a statement that reads more than the connection allows by the server's estimate. */
export async function holdToLimit(
  client: pg.Client,
  sql: string,
  params: readonly unknown[],
  scanGb: number,
): Promise<void> {
  const { bytes } = await estimateScan(client, sql, params);
  if (bytes <= scanGb * GB) return;
  const shown = (bytes / GB).toPrecision(3);
  throw fault(
    "unfit",
    `the warehouse would read ${shown} GB, over the limit of ${scanGb} GB a statement; ask about fewer tables, or connect it again with a larger --scan-limit`,
    { bytes, limitBytes: scanGb * GB },
  );
}
