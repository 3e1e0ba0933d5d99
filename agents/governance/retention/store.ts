import type { Database, Migration, Trx } from "@muster/shared/database/open.ts";
import { sql } from "kysely";
import type { Tables } from "../store.ts";

/**
 * A rule of retention. `target`: a dataset's name, or `kind:features` for all of a kind. `source`: who set it, a person or
 * a policy's obligation; both hold, and the shorter time counts. Null keeps without that bound. `held`: a legal hold,
 * which nothing automatic and no erasure gets past.
 */
export type RetentionTable = {
  target: string;
  source: string;
  keep_versions: number | null;
  keep_days: number | null;
  held: boolean;
  reason: string;
  person: string | null;
  at: string;
};

/** The table of rules of retention. */
export const retentionMigration: Migration = {
  name: "retention",
  sql: `
    create table retention (
      target text not null, source text not null, keep_versions int check (keep_versions >= 1), keep_days int check (keep_days >= 0),
      held boolean not null, reason text not null, person text, at timestamptz not null, primary key (target, source));`,
};

/** Rules of retention: people's, and those that policies oblige to. */
export function retentionStore(db: Database<Tables>) {
  return {
    all: (): Promise<RetentionTable[]> =>
      db.selectFrom("retention").selectAll().orderBy("target").orderBy("source").execute(),
    /** Sets a rule; the newest of a source stands. */
    set: async (trx: Trx<Tables>, row: RetentionTable): Promise<void> => {
      const { target: _target, source: _source, ...rest } = row;
      await trx
        .insertInto("retention")
        .values(row)
        .onConflict((conflict) => conflict.columns(["target", "source"]).doUpdateSet(rest))
        .execute();
    },
    /**
     * What a policy obliges to: so many days, from now on. A shorter time than the one already owed takes its place, a
     * longer one never does.
     */
    oblige: async (trx: Trx<Tables>, { dataset, days, policy, at }: Obliged): Promise<void> => {
      await trx
        .insertInto("retention")
        .values({
          ...{ target: dataset, source: "policy", keep_versions: null, keep_days: days, held: false },
          ...{ reason: policy, person: null, at },
        })
        .onConflict((conflict) =>
          conflict
            .columns(["target", "source"])
            .doUpdateSet({ keep_days: days, reason: policy, at })
            .where("retention.keep_days", ">", days),
        )
        .execute();
    },
  };
}

/** What garbage collection has to know of the evidence, and its one act on it. */
export function garbageStore(db: Database<Tables>) {
  return {
    /**
     * The dataset versions that requests still running speak of: whatever was shown or given in a request that hasn't
     * ended, since a moment before which none can still run.
     */
    runningPins: async (since: string): Promise<string[]> =>
      (
        await sql<{ pin: string }>`
          with running as (
            select r.id, r.uses from evidence.receipt r
            where r.request is not null and r.at > ${since}::timestamptz
              and not exists (select 1 from evidence.outbox o where o.event = 'planner.request_ended' and o.payload->>'request' = r.request)),
          shown as (select id from running union select unnest(uses) from running)
          select distinct p.pin from evidence.receipt r join shown s on s.id = r.id,
            lateral (
              select e #>> '{}' as pin from jsonb_each(r.about) a,
                jsonb_array_elements(case jsonb_typeof(a.value) when 'array' then a.value else jsonb_build_array(a.value) end) e
              union all select r.value->>'dataset' union all select r.value->>'pin') p
          where p.pin ~ '^[a-z][a-z0-9_]*@[0-9a-f]{64}$' order by 1`.execute(db)
      ).rows.map(({ pin }) => pin),
    /** Artifacts stored before a moment that no receipt, result, call, event or other artifact names, with their bytes. */
    looseArtifacts: async (before: string): Promise<{ hash: string; bytes: number }[]> =>
      (
        await sql<{ hash: string; bytes: string }>`
          with named as (
            select distinct m[1] as hash from (
              select document as t from evidence.receipt
              union all select outcome::text from evidence.result
              union all select message::text from evidence.job
              union all select payload::text from evidence.outbox
              union all select data::text || subject from evidence.audit_event
              union all select convert_from(bytes, 'UTF8') from evidence.artifact where media like '%json%') x,
            regexp_matches(t, '[0-9a-f]{64}', 'g') m)
          select a.hash, octet_length(a.bytes)::text as bytes from evidence.artifact a
          where a.at < ${before}::timestamptz and not exists (select 1 from named n where n.hash = a.hash) order by a.hash`.execute(
          db,
        )
      ).rows.map(({ hash, bytes }) => ({ hash, bytes: Number(bytes) })),
    /** Takes artifacts away; gives the bytes freed. */
    dropArtifacts: async (hashes: readonly string[]): Promise<number> =>
      Number(
        (await sql<{ freed: string }>`select evidence.drop_artifacts(${hashes}::text[])::text as freed`.execute(db))
          .rows[0]!.freed,
      ),
  };
}

/** A dataset that a policy lets be kept for so many days. */
export type Obliged = { dataset: string; days: number; policy: string; at: string };
