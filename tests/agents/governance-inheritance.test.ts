import { profileDataset } from "@muster/quality/profile.ts";
import type { ColumnClassification } from "@muster/shared/domain/classification.ts";
import { type DatasetManifest, pinOf } from "@muster/shared/domain/dataset.ts";
import { type FactName, type FactValue, facts } from "@muster/shared/fact/table.ts";
import { smallestValue } from "@muster/shared/smallest-value.ts";
import { openPins, writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Governed, problem, startGoverned } from "../support/governed.ts";
import { askFrom, sign } from "../support/signing.ts";

const smallest = <F extends FactName>(fact: F, more: Partial<FactValue<F>>): FactValue<F> =>
  ({ ...(smallestValue(facts[fact].value, { members: 0 }) as FactValue<F>), ...more }) as FactValue<F>;

describe("what the swarm writes inherits the classification of what it was made of", () => {
  let g: Governed;
  let matrix: string;
  const view = {
    ...{ hash: "v1", name: "churn", problem: problem.hash, dataset: "customers", entity: "customer" },
    features: [
      { kind: "date_part" as const, name: "born_in", column: "birth_date", part: "month" as const },
      { kind: "is_missing" as const, name: "no_segment", column: "segment" },
      { kind: "text_length" as const, name: "letters", column: "email" },
    ],
  };

  beforeAll(async () => {
    g = await startGoverned();
    const written = await writeQuery(g.own.lake, {
      ...{
        name: "churn_training",
        kind: "features" as const,
        inputs: [g.pins.customers],
        origin: "a test",
        now: new Date(),
      },
      sql: `SELECT row_number() OVER (ORDER BY customer) - 1 AS __row, customer AS __entity, CAST(month(birth_date) AS DOUBLE) AS born_in,
            0.0 AS no_segment, CAST(length(email) AS DOUBLE) AS letters FROM customers ORDER BY customer`,
    });
    matrix = pinOf(written.name, written.version);
    await sign(
      g.by.ml,
      "problem.defined",
      { problem: problem.hash },
      { ...problem, dataset: "customers", entity: "customer" },
    );
    await sign(
      g.by.ml,
      "view.defined",
      { problem: problem.hash, scope: g.scope, purpose: "analytics", view: "v1" },
      view,
    );
  });
  afterAll(() => g?.stop());

  async function classify(pin: string): Promise<Map<string, ColumnClassification>> {
    const manifest: DatasetManifest = await g.own.lake.manifest(pin);
    const engine = await openPins(g.own.lake, { [manifest.name]: pin });
    const profile = await profileDataset(engine, manifest);
    engine.close();
    const receipt = await sign(g.by.quality, "dataset.profiled", { dataset: pin }, profile);
    const { output } = await askFrom(g.by.door, {
      ...{ tool: "governance.classify_columns", input: { dataset: pin }, receipts: [receipt] },
    });
    return new Map((output as FactValue<"dataset.classified">).columns.map((column) => [column.name, column]));
  }

  test("nothing says what a matrix was made of: its own values alone count", async () => {
    expect((await classify(matrix)).get("born_in")).toMatchObject({ pii: false, tags: [] });
  });

  test("numbers made of personal columns are personal, also where the source is known by its names alone", async () => {
    const by = await g.bench.process("pipeline");
    await sign(
      by,
      "features.materialized",
      { problem: problem.hash, scope: g.scope, view: "v1", training: matrix },
      smallest("features.materialized", { role: "training", dataset: matrix }),
    );
    for (const classified of [false, true]) {
      if (classified) await g.classify("customers");
      const columns = await classify(matrix);
      expect(columns.get("born_in")).toMatchObject({
        pii: true,
        identifier: "quasi",
        tags: [{ kind: "birth_date", by: "lineage" }],
      });
      expect(columns.get("letters")).toMatchObject({ pii: true, identifier: "direct" });
      expect(columns.get("no_segment")).toMatchObject({ pii: false });
    }
  });

  test("a person's mark on the source takes the written one's classification back and is inherited; only a mark of its own loosens it", async () => {
    const standing = await g.own.evidence.newest("dataset.classified", { dataset: matrix });
    await g.confirmed("governance.set_classification", {
      ...{ dataset: "customers", column: "segment", holds: ["national_id"], reason: "it is the tax number" },
    });
    expect((await g.own.evidence.store.spent([standing!.id])).length).toBe(1);
    expect((await classify(matrix)).get("no_segment")).toMatchObject({
      ...{ pii: true, identifier: "direct", why: expect.stringMatching(/made of customers.segment \(national_id\)/) },
    });
    await g.confirmed("governance.set_classification", {
      ...{
        dataset: "churn_training",
        column: "no_segment",
        lacks: ["national_id"],
        reason: "only whether it is there",
      },
    });
    expect((await classify(matrix)).get("no_segment")).toMatchObject({ pii: false, identifier: null });
  });
});
