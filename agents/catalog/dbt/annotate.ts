import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import type { Expectation } from "@muster/shared/domain/expectation.ts";
import { type DatasetText, longestText } from "../texts/text.ts";
import type { DbtProject, DbtRelation, DbtTest } from "./manifest.ts";

/** A foreign key as dbt's `relationships` test declares it, between datasets that are known. */
export type Relationship = { column: string; to: string; field: string };

/** What a project says of one dataset. `upstream`: the relations it is made of, by dataset where that is known. */
export type Annotation = {
  dataset: string;
  relation: DbtRelation;
  texts: DatasetText[];
  expectations: Expectation[];
  relationships: Relationship[];
};

const fold = (text: string) => text.toLowerCase();
const clean = (text: string) => text.trim().slice(0, longestText);

/** The dataset of a relation: the table of that schema and name in a warehouse, else a dataset of the lake of that name. */
export function datasetOf(relation: DbtRelation, datasets: readonly DatasetManifest[]): DatasetManifest | null {
  const same = (a: string, b: string) => fold(a) === fold(b);
  const sources = datasets.filter(({ kind }) => kind === "source");
  return (
    sources.find(({ place }) => place && same(place.schema, relation.schema) && same(place.table, relation.table)) ??
    sources.find(({ name, place }) => !place && name === fold(relation.table)) ??
    null
  );
}

/** What a project says of the datasets that are known: texts, tests as expectations, and declared foreign keys. */
export function annotate(project: DbtProject, datasets: readonly DatasetManifest[], at: string): Annotation[] {
  const known = new Map(project.relations.map((relation) => [relation.id, datasetOf(relation, datasets)]));
  return project.relations.flatMap((relation) => {
    const dataset = known.get(relation.id);
    if (!dataset) return [];
    const tests = project.tests.filter((test) => test.relation === relation.id);
    return [
      {
        dataset: dataset.name,
        relation,
        texts: textsOf(relation, dataset, at),
        expectations: tests.flatMap((test) => expectationOf(test, dataset, project.name)),
        relationships: tests.flatMap((test) => relationshipOf(test, dataset, known)),
      },
    ];
  });
}

/** A column by its name as the dataset spells it: dbt and the warehouse may differ in case. */
const columnOf = (dataset: DatasetManifest, name: string): string | null =>
  dataset.columns.find((column) => column.name === name)?.name ??
  dataset.columns.find((column) => fold(column.name) === fold(name))?.name ??
  null;

function textsOf(relation: DbtRelation, dataset: DatasetManifest, at: string): DatasetText[] {
  const text = (kind: DatasetText["kind"], column: string | null, said: string): DatasetText[] =>
    clean(said) === "" ? [] : [{ dataset: dataset.name, column, kind, giver: "dbt", text: clean(said), by: null, at }];
  return [
    ...text("description", null, relation.description),
    ...text("owner", null, relation.owner),
    ...text("tag", null, relation.tags.join(", ")),
    ...relation.columns.flatMap(({ name, description }) => {
      const column = columnOf(dataset, name);
      return column === null ? [] : text("description", column, description);
    }),
  ];
}

/** A generic test in the vocabulary of expectations; none for a kind that has no like, or a column that isn't there. */
function expectationOf(test: DbtTest, dataset: DatasetManifest, project: string): Expectation[] {
  const column = columnOf(dataset, test.column);
  if (column === null) return [];
  const common = { severity: test.severity, because: `declared in dbt (${project}): ${test.name}` };
  if (test.name === "not_null")
    return [{ type: "expect_column_values_to_not_be_null", kwargs: { column, mostly: 1 }, ...common }];
  if (test.name === "unique")
    return [{ type: "expect_column_values_to_be_unique", kwargs: { column, mostly: 1 }, ...common }];
  const values = test.kwargs.values;
  if (test.name !== "accepted_values" || !Array.isArray(values)) return [];
  const value_set = values.filter((value) => ["string", "number", "boolean"].includes(typeof value));
  if (value_set.length === 0 || value_set.length < values.length) return [];
  return [{ type: "expect_column_values_to_be_in_set", kwargs: { column, value_set, mostly: 1 }, ...common }];
}

function relationshipOf(
  { name, column, kwargs, relation, dependsOn }: DbtTest,
  dataset: DatasetManifest,
  known: ReadonlyMap<string, DatasetManifest | null>,
): Relationship[] {
  const own = columnOf(dataset, column);
  const target = dependsOn.find((id) => id !== relation) ?? relation;
  const to = known.get(target);
  const field = to && typeof kwargs.field === "string" ? columnOf(to, kwargs.field) : null;
  return name === "relationships" && own !== null && to && field !== null ? [{ column: own, to: to.name, field }] : [];
}
