import { type Migration, migrateOwn, openDatabase } from "@muster/shared/database/open.ts";
import type { BudgetPeriod, BudgetScope } from "@muster/shared/domain/budget.ts";
import type { Estimate, TrainingWork } from "@muster/shared/domain/estimate.ts";
import type { ColumnType, Generated } from "kysely";
import type pg from "pg";
import { budgetStore } from "./budgets/store.ts";
import { ledgerStore } from "./ledger/store.ts";
import type { QueryKind } from "./queries/kinds.ts";
import { queryStore } from "./queries/store.ts";
import { runStore } from "./runs/store.ts";
import { stepStore } from "./steps/store.ts";
import { useStore } from "./uses/store.ts";

/** A JSON column: read as its value, written as text. */
type Json<T> = ColumnType<Exclude<T, undefined> | null, string | null, string | null>;

/** The tables that cost owns. Times are timestamptz, money USD. */
export type Tables = {
  machine: { id: number; gather_ns: number; multiply_ns: number; at: string };
  run: {
    seq: Generated<number>;
    run: string;
    part: number;
    algorithm: TrainingWork["algorithm"];
    rows: number;
    columns: number;
    rounds: number;
    folds: number;
    threads: number;
    parameters: Json<TrainingWork["parameters"]>;
    data: Json<TrainingWork["data"]>;
    kept_rounds: number | null;
    problem: string | null;
    cpu_seconds: number;
    peak_memory_mb: number;
    seconds: number | null;
    at: string;
  };
  budget: {
    id: string;
    scope: BudgetScope;
    subject: string | null;
    period: BudgetPeriod;
    limit_usd: number;
    by: string;
    at: string;
  };
  team_member: { person: string; team: string };
  spend: {
    id: string;
    state: "reserved" | "spent";
    usd: number;
    reserved_usd: number;
    request: string;
    person: string;
    team: string | null;
    at: string;
    run: string | null;
    outcome: string | null;
    cpu_seconds: number;
    seconds: number;
    peak_memory_mb: number;
    settled_at: string | null;
    estimate: Json<Estimate>;
  };
  step: {
    request: string;
    step: string;
    tool: string;
    status: string;
    hint_ms: number | null;
    seconds: number | null;
    each: string | null;
    dataset: string | null;
    target: string | null;
    cells: number | null;
    writes: string | null;
    at: string;
  };
  query: {
    kind: QueryKind;
    terms: Json<number[]>;
    cpu_seconds: number;
    seconds: number;
    at: string;
  };
  use: { dataset: string; at: string; by: string };
  cursor: { name: string; xid: string; seq: number };
};

const migrations: Migration[] = [
  {
    name: "cost",
    sql: `
      create table machine (id int primary key check (id = 1), gather_ns double precision not null, multiply_ns double precision not null, at timestamptz not null);
      create table run (
        seq bigint generated always as identity primary key, run text not null, part int not null, algorithm text not null,
        rows bigint not null, columns bigint not null, rounds bigint not null, folds int not null, threads int not null,
        cpu_seconds double precision not null, peak_memory_mb double precision not null, seconds double precision,
        at timestamptz not null, unique (run, part));
      create index run_algorithm on run (algorithm, seq desc);
      create table budget (
        id text primary key, scope text not null, subject text, period text not null, limit_usd double precision not null,
        by text not null, at timestamptz not null);
      create unique index budget_whose on budget (scope, coalesce(subject, ''), period);
      create table team_member (person text primary key, team text not null);
      create table spend (
        id text primary key, state text not null check (state in ('reserved', 'spent')), usd double precision not null,
        reserved_usd double precision not null, request text not null, person text not null, team text,
        at timestamptz not null, run text, outcome text, cpu_seconds double precision not null default 0,
        seconds double precision not null default 0, peak_memory_mb double precision not null default 0, settled_at timestamptz);
      create index spend_request on spend (request);
      create index spend_person on spend (person, at);
      create index spend_at on spend (at);
      create index spend_open on spend (at) where state = 'reserved';
      create table cursor (name text primary key, xid xid8 not null, seq bigint not null);
      insert into cursor (name, xid, seq) values ('outbox', '0', 0);`,
  },
  {
    name: "what a run was tuned by",
    sql: "alter table run add column parameters jsonb, add column data jsonb;",
  },
  {
    name: "what was estimated beside what it came to",
    sql: `
      alter table run add column kept_rounds double precision, add column problem text;
      alter table spend add column estimate jsonb;
      create index spend_finished on spend (settled_at desc) where outcome = 'finished';`,
  },
  {
    name: "what steps and queries took, and what was used",
    sql: `
      create table step (
        request text not null, step text not null, tool text not null, status text not null, hint_ms double precision,
        seconds double precision, each text, dataset text, target text, cells double precision, writes text,
        at timestamptz not null, primary key (request, step));
      create index step_tool on step (tool, at desc) where seconds is not null;
      create index step_writes on step (writes) where writes is not null;
      create table query (
        kind text not null, terms jsonb not null, cpu_seconds double precision not null, seconds double precision not null,
        at timestamptz not null);
      create table use (dataset text primary key, at timestamptz not null, by text not null);
      insert into cursor (name, xid, seq) values ('receipts', '0', 0), ('lineage', '0', 0);`,
  },
];

/** Cost's tables by what they are about: budgets, the ledger, finished runs, steps, queries, and what was used when. */
export type CostStore = Awaited<ReturnType<typeof openCostStore>>;

/** Opens cost's stores over a pool of its own role and brings its schema up to date. */
export async function openCostStore(pool: pg.Pool) {
  const db = openDatabase<Tables>(pool);
  await migrateOwn(db, "cost", migrations);
  return {
    ...{ budgets: budgetStore(db), ledger: ledgerStore(db), runs: runStore(db) },
    ...{ steps: stepStore(db), queries: queryStore(db), uses: useStore(db) },
  };
}
