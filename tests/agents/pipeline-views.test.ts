import { hashOf } from "@muster/shared/canonical.ts";
import { openDatabase } from "@muster/shared/database/open.ts";
import type { Feature, FeatureView } from "@muster/shared/domain/feature.ts";
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPipelineStore, type PipelineStore } from "../../agents/pipeline/store.ts";
import { type Bench, startBench } from "../support/process.ts";

let bench: Bench;
let store: PipelineStore;
let pool: pg.Pool;
beforeAll(async () => {
  bench = await startBench();
  pool = (await bench.process("pipeline")).pool;
  store = await openPipelineStore(pool);
}, 120_000);
afterAll(() => bench?.stop());

const plain = (name: string): Feature => ({ kind: "column", name, column: name, type: "number" });
function view(name: string, ...features: string[]): FeatureView {
  const body = { name, problem: "p", dataset: "t", entity: null, features: features.map(plain) };
  return { hash: hashOf(body), ...body };
}
const compiled = { sql: "SELECT 1", sqlHash: "h", scoringSql: "SELECT 1", sources: {} };
const save = (view: FeatureView) =>
  openDatabase<never>(pool)
    .transaction()
    .execute((trx) => store.saveView(trx as never, { view, compiled, at: new Date("2026-11-21T10:00:00Z") }));
const versions = async (ref: string) => (await store.versions(ref)).map(({ version, view }) => [version, view.hash]);

test("a view that differs is the next version of its name; the same one again is the version it was", async () => {
  const [one, two, other] = [view("churn", "a"), view("churn", "a", "b"), view("fraud", "a")];
  for (const each of [one, two, other, one]) await save(each);
  const both = [
    [1, one.hash],
    [2, two.hash],
  ];
  expect(await versions("churn")).toEqual(both);
  expect(await versions(one.hash)).toEqual(both);
  expect(await versions("fraud")).toEqual([[1, other.hash]]);
  await expect(store.versions("gone")).rejects.toMatchObject({ code: "not_found" });
});

test("ten that are registered at once get ten versions, none twice", async () => {
  await Promise.all(Array.from({ length: 10 }, (_, i) => save(view("many", `f${i}`))));
  expect((await store.versions("many")).map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});
