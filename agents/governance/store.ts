import { type Migration, migrateOwn, openDatabase } from "@muster/shared/database/open.ts";
import type { ClassKind } from "@muster/shared/domain/classification.ts";
import type { Obligation, RoleName } from "@muster/shared/domain/policy.ts";
import type { ColumnType } from "kysely";
import type pg from "pg";
import { approvalStore } from "./approvals/store.ts";
import { auditStore } from "./audit/store.ts";
import { decisionStore } from "./decisions/store.ts";
import { type ErasureTable, elsewhereMigration, erasureMigration, erasureStore } from "./erasure/store.ts";
import { markStore } from "./marks/store.ts";
import { personStore } from "./persons/store.ts";
import type { PolicyFiles } from "./policy/load-policies.ts";
import { policyStore } from "./policy/store.ts";
import { garbageStore, type RetentionTable, retentionMigration, retentionStore } from "./retention/store.ts";

type Json<T> = ColumnType<T, string, string>;

/** Where an approval stands; everything but `waiting` is final. */
export type ApprovalState = "waiting" | "approved" | "rejected" | "expired";

/** The tables that governance owns. */
export type Tables = {
  person: { id: string; roles: RoleName[]; token_hash: string | null; at: string };
  approval: {
    id: string;
    request: string;
    step: string | null;
    what: string;
    why: string;
    role: string;
    cost_usd: number | null;
    asked_by: string;
    at: string;
    expires_at: string;
    state: ApprovalState;
    decided_by: string | null;
    decided_at: string | null;
    comment: string | null;
    /** SHA-256 of what is approved beside its text: the yes holds for these bytes alone. Null: the text says it all. */
    content: string | null;
  };
  decision: {
    id: string;
    request: string | null;
    action: string;
    allowed: boolean;
    policies: string[];
    facts: Json<Record<string, unknown>>;
    obligations: Json<Obligation[]>;
    why: string;
    at: string;
  };
  mark: {
    dataset: string;
    column: string;
    kinds: ClassKind[];
    lifted: ClassKind[];
    reason: string;
    person: string;
    at: string;
  };
  policy_set: { hash: string; files: Json<PolicyFiles>; at: string };
  chain: { seq: number; event: string; hash: string; prev: string; xid: string; place: number };
  erasure: ErasureTable;
  retention: RetentionTable;
};

const migrations: Migration[] = [
  {
    name: "governance",
    sql: `
      create table person (id text primary key, roles text[] not null, token_hash text unique, at timestamptz not null);
      create table approval (
        id text primary key, request text not null, step text, what text not null, why text not null, role text not null,
        cost_usd double precision, asked_by text not null, at timestamptz not null, expires_at timestamptz not null,
        state text not null check (state in ('waiting', 'approved', 'rejected', 'expired')),
        decided_by text, decided_at timestamptz, comment text);
      create index approval_waiting on approval (expires_at) where state = 'waiting';
      create table decision (
        id text primary key, request text, action text not null, allowed boolean not null, policies text[] not null,
        facts jsonb not null, obligations jsonb not null, why text not null, at timestamptz not null);
      create index decision_request on decision (request);
      create table mark (
        dataset text not null, "column" text not null, kinds text[] not null, lifted text[] not null, reason text not null,
        person text not null, at timestamptz not null, primary key (dataset, "column"));
      create table chain (
        seq bigint primary key, event text not null unique, hash text not null, prev text not null,
        xid xid8 not null, place bigint not null);
      create unique index chain_order on chain (xid, place);`,
  },
  erasureMigration,
  retentionMigration,
  {
    name: "policies",
    sql: `
      create table policy_set (hash text primary key, files jsonb not null, at timestamptz not null);
      alter table approval add column content text;`,
  },
  elsewhereMigration,
];

/** Governance's tables by what they are about: persons, approvals, decisions, marks on columns, erasures, retention, the audit chain. */
export type GovernanceStore = Awaited<ReturnType<typeof openGovernanceStore>>;

/** Opens governance's stores over a pool of its own role and brings its schema up to date. */
export async function openGovernanceStore(pool: pg.Pool) {
  const db = openDatabase<Tables>(pool);
  await migrateOwn(db, "governance", migrations);
  return {
    persons: personStore(db),
    approvals: approvalStore(db),
    decisions: decisionStore(db),
    marks: markStore(db),
    policies: policyStore(db),
    audit: auditStore(db),
    erasures: erasureStore(db),
    retention: retentionStore(db),
    garbage: garbageStore(db),
  };
}
