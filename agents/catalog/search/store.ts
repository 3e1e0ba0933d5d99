import type { Database, Migration, Trx } from "@muster/shared/database/open.ts";
import { fault } from "@muster/shared/fault.ts";
import { sql } from "kysely";
import type { Document, Found, Matched, Term } from "./document.ts";
import { seeds } from "./seeds.ts";

/** What is indexed of a dataset (`version` is what it was indexed from), where each word stands, the words there are, and which stand for each other. */
export type SearchTables = {
  search_document: { dataset: string; version: string; name: string; text: string };
  search_entry: { dataset: string; field: string; part: string; words: string[]; size: number; text: string };
  search_word: { word: string };
  synonym: { group: string; word: string; stem: string };
};

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
const seedRows = Object.entries(seeds).flatMap(([group, words]) =>
  words.map((word) => `(${literal(group)}, ${literal(word)}, plainto_tsquery('english', ${literal(word)})::text)`),
);

/** The step that makes the search's tables, with the synonyms a new installation begins with. */
export const searchMigration: Migration = {
  name: "search",
  sql: `
    create table search_document (
      dataset text primary key, version text not null, name text not null, text tsvector not null);
    create table search_entry (
      dataset text not null references search_document on delete cascade, field text not null, part text not null,
      words text[] not null, size int not null, text tsvector not null, primary key (dataset, field, part));
    create index search_entry_text on search_entry using gin (text) with (fastupdate = off);
    create table search_word (word text primary key);
    create index search_word_first on search_word (left(word, 1), length(word));
    create table synonym ("group" text not null, word text not null, stem text not null, primary key ("group", word));
    create index synonym_stem on synonym (stem);
    insert into synonym ("group", word, stem) values ${seedRows.join(", ")};`,
};

/** English stems and the words as they stand: names in other languages keep theirs. */
const vectorOf = (text: string) =>
  sql.raw<unknown>(`to_tsvector('english', ${text}) || to_tsvector('simple', ${text})`);
const queryOf = (text: string) =>
  sql.raw<unknown>(`websearch_to_tsquery('english', ${text}) || websearch_to_tsquery('simple', ${text})`);

export type SearchStore = Awaited<ReturnType<typeof searchStore>>;

/** The search's index over names and texts. It holds words, never rows, and can be made again from the lake and the texts. */
export async function searchStore(db: Database<SearchTables>) {
  const similarity = await similarityOf(db);
  return {
    /** Which version of each dataset is indexed. */
    indexed: async (): Promise<Map<string, string>> => {
      const rows = await db.selectFrom("search_document").select(["dataset", "version"]).execute();
      return new Map(rows.map(({ dataset, version }) => [dataset, version]));
    },
    /** Puts documents in the place of what was indexed of their datasets. */
    put: async (trx: Trx<SearchTables>, documents: readonly Document[]): Promise<void> => {
      if (documents.length === 0) return;
      const all = JSON.stringify(documents);
      await sql`insert into search_document (dataset, version, name, text)
        select dataset, version, array_to_string(name, ' '),
          setweight(${vectorOf("array_to_string(name, ' ')")}, 'A') || setweight(${vectorOf("about")}, 'B') ||
          setweight(${vectorOf("columns")}, 'C') || setweight(${vectorOf('"aboutColumns"')}, 'D')
        from jsonb_to_recordset(${all}::jsonb)
          as d(dataset text, version text, name text[], about text, columns text, "aboutColumns" text)
        order by dataset
        on conflict (dataset) do update set version = excluded.version, name = excluded.name, text = excluded.text`.execute(
        trx,
      );
      await trx
        .deleteFrom("search_entry")
        .where(
          "dataset",
          "in",
          documents.map(({ dataset }) => dataset),
        )
        .execute();
      const entries = documents.flatMap(({ dataset, entries }) => entries.map((entry) => ({ dataset, ...entry })));
      await sql`insert into search_entry (dataset, field, part, words, size, text)
        select dataset, field, part, words, size, ${vectorOf("array_to_string(words, ' ')")}
        from jsonb_to_recordset(${JSON.stringify(entries)}::jsonb)
          as e(dataset text, field text, part text, words text[], size int)`.execute(trx);
      const words = [...new Set(entries.flatMap((entry) => entry.words))].sort();
      await sql`insert into search_word (word) select unnest(${words}::text[]) on conflict do nothing`.execute(trx);
    },
    /** Takes datasets out that there are no more. */
    drop: async (trx: Trx<SearchTables>, datasets: readonly string[]): Promise<void> => {
      if (datasets.length > 0) await trx.deleteFrom("search_document").where("dataset", "in", datasets).execute();
    },
    /** How many datasets are indexed. */
    size: async (): Promise<number> => {
      const { datasets } = await db
        .selectFrom("search_document")
        .select(({ fn }) => fn.countAll<number>().as("datasets"))
        .executeTakeFirstOrThrow();
      return datasets;
    },
    /** The other words of the groups that `words` belong to, by their stems. */
    synonymsOf: async (words: readonly string[]): Promise<Term[]> => {
      const found = await sql<Term>`
        select a.word, s.word as term, 'synonym' as how
        from (select word, plainto_tsquery('english', word)::text as stem from unnest(${words}::text[]) as u(word)) a
        join synonym own on own.stem = a.stem and a.stem <> ''
        join synonym s on s."group" = own."group" and s.stem <> a.stem`.execute(db);
      return found.rows;
    },
    /** Indexed words that `words` begin or are a part of, and such with their first letter that are spelt alike: pg_trgm's similarity ≥ `least`. */
    spellingsOf: async (words: readonly string[], least: number): Promise<Term[]> => {
      const found = await sql<Term>`
        select a.word, w.word as term, 'part' as how from unnest(${words}::text[]) as a(word) join search_word w
          on length(a.word) >= 4 and starts_with(w.word, a.word) or length(a.word) >= 5 and strpos(w.word, a.word) > 0
        union all
        select a.word, w.word, 'similar' from unnest(${words}::text[]) as a(word) join search_word w
          on left(w.word, 1) = left(a.word, 1) and length(w.word) between length(a.word) - 2 and length(a.word) + 2
          and ${similarity("w.word", "a.word")} >= ${least}`.execute(db);
      return found.rows;
    },
    /** Where terms stand: for every dataset, asked word and field the shortest name that holds it. `exact`: not only by its stem. */
    matches: async (terms: readonly Term[]): Promise<Matched[]> => {
      const rows = await sql<Matched>`
        select distinct on (e.dataset, a.word, a.how, e.field, exact)
          e.dataset, a.word, a.term, a.how, a.term = any(e.words) as exact, e.field, e.part, e.size
        from (select word, term, how, ${queryOf("term")} as query
              from jsonb_to_recordset(${JSON.stringify(terms)}::jsonb) as t(word text, term text, how text)) a
        join search_entry e on e.text @@ a.query
        order by e.dataset, a.word, a.how, e.field, exact, e.size, e.part, a.term`.execute(db);
      return rows.rows;
    },
    /** How well the words do over whole datasets (ts_rank_cd, names before texts) and by the spelling of their names (trigrams). */
    documents: async (words: readonly string[], datasets: readonly string[]): Promise<Found[]> => {
      const rows = await sql<Found>`
        select dataset, ts_rank_cd(text, ${queryOf("asked")}, 1)::float8 as text, ${similarity("name", "spelt")}::float8 as spelling
        from search_document, (select ${words.join(" or ")}::text as asked, ${words.join(" ")}::text as spelt) a
        where dataset = any(${datasets}::text[])`.execute(db);
      return rows.rows;
    },
    /** Words that stand for each other, by group. */
    synonyms: async (): Promise<Record<string, string[]>> => {
      const rows = await db.selectFrom("synonym").select(["group", "word"]).orderBy("group").orderBy("word").execute();
      const groups = Map.groupBy(rows, ({ group }) => group);
      return Object.fromEntries([...groups].map(([group, of]) => [group, of.map(({ word }) => word)]));
    },
    /** Sets the words of a group; none takes the group away. */
    setSynonyms: async (trx: Trx<SearchTables>, group: string, words: readonly string[]): Promise<void> => {
      await trx.deleteFrom("synonym").where("group", "=", group).execute();
      await sql`insert into synonym ("group", word, stem)
        select ${group}, word, plainto_tsquery('english', word)::text from unnest(${words}::text[]) as w(word)
        on conflict do nothing`.execute(trx);
    },
  };
}

/** The SQL of pg_trgm's similarity, wherever the database keeps its extensions; `unavailable` where it has none. */
async function similarityOf(db: Database<SearchTables>) {
  const { rows } = await sql<{ schema: string }>`
    select n.nspname as schema from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'pg_trgm'`.execute(
    db,
  );
  const [found] = rows;
  if (!found)
    throw fault(
      "unavailable",
      "the database has no extension pg_trgm, which the search needs; see muster up --print-setup",
    );
  return (a: string, b: string) => sql<number>`${sql.id(found.schema, "similarity")}(${sql.raw(a)}, ${sql.raw(b)})`;
}
