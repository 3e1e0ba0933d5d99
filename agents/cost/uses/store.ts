import type { Database } from "@muster/shared/database/open.ts";
import { lineageRecorded } from "@muster/shared/domain/lineage.ts";
import { type RawBuilder, sql } from "kysely";
import type { Tables } from "../store.ts";

/** The last use of a dataset that was seen: when, and the fact or the run that shows it. */
export type Use = { dataset: string; at: string; by: string };

/** Receipts so far behind the last one that was read are read again: numbers are drawn before transactions end. */
const overlap = 2_000;
/** Facts whose receipts come from making or naming a dataset, not from reading it; that of predictions is about what was scored. */
const making = ["dataset.registered", "labels.built", "features.materialized", "features.backfilled"];
const pin = "([a-z][a-z0-9_]{0,62})@[0-9a-f]{64}";

/** When each dataset was last used, as the evidence and the lineage that was recorded show it. */
export function useStore(db: Database<Tables>) {
  /** Reads on from a cursor; `read` gives the uses since then and how far it read. */
  const readOn = (name: string, read: (from: number) => RawBuilder<unknown>): Promise<void> =>
    db.transaction().execute(async (trx) => {
      const { seq } = await trx
        .selectFrom("cursor")
        .select("seq")
        .where("name", "=", name)
        .forUpdate()
        .executeTakeFirstOrThrow();
      const { rows } = await sql<{ upto: string | null }>`
        with seen as (${read(Math.max(0, Number(seq) - overlap))}),
        newest as (select distinct on (dataset) dataset, at, by from seen where dataset is not null order by dataset, at desc),
        kept as (
          insert into use as u (dataset, at, by) select dataset, at, by from newest
          on conflict (dataset) do update set at = excluded.at, by = excluded.by where excluded.at > u.at)
        select max(seq)::text as upto from seen`.execute(trx);
      if (rows[0]?.upto)
        await trx
          .updateTable("cursor")
          .set({ seq: Number(rows[0].upto) })
          .where("name", "=", name)
          .execute();
    });
  return {
    /** Reads on in the evidence and in the lineage that was recorded since the last look. */
    readOn: async (): Promise<void> => {
      await readOn(
        "receipts",
        (from) => sql`
          select r.seq, r.at, r.fact as by, m[1] as dataset from evidence.receipt r
          left join lateral regexp_matches(case when r.fact = 'predictions.written' then r.about::text else r.document end, ${pin}, 'g') m on r.fact <> all(${making}::text[]) where r.seq > ${from}`,
      );
      await readOn(
        "lineage",
        (from) => sql`
          select o.seq, o.at, 'lineage' as by, i->>'name' as dataset from evidence.outbox o
          left join lateral jsonb_array_elements(
            case jsonb_typeof(o.payload->'inputs') when 'array' then o.payload->'inputs' else '[]'::jsonb end) i
            on i->>'kind' = 'dataset' and i->>'namespace' = ''
          where o.event like ${`%.${lineageRecorded}`} and o.seq > ${from}
            and o.by in (split_part(o.event, '.', 1), split_part(o.event, '.', 1) || '-worker')`,
      );
    },
    all: async (): Promise<Map<string, Use>> =>
      new Map((await db.selectFrom("use").selectAll().execute()).map((use) => [use.dataset, use])),
  };
}
