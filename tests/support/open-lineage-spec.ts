import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";

/**
 * The OpenLineage spec 2-0-2 and the facets that we send, as JSON Schema. No package carries the spec's own files, so this
 * is written from it (Apache-2.0, the OpenLineage project): the same required members, types and formats, and closed where
 * the spec is open, so that a member we misspell is found.
 */
const base = "https://openlineage.io/spec";
const text = { type: "string" };
const uri = { type: "string", format: "uri" };
const object = (properties: object, required: readonly string[]) => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});
const facet = (properties: object, required: readonly string[], name: string, version: string) =>
  object(
    {
      _producer: uri,
      _schemaURL: { const: `${base}/facets/${version}/${name}.json#/$defs/${name}` },
      ...properties,
    },
    ["_producer", "_schemaURL", ...required],
  );

const transformation = object(
  {
    type: { enum: ["DIRECT", "INDIRECT"] },
    subtype: {
      // The subtypes that the column lineage facet's documentation lists.
      enum: [
        "IDENTITY",
        "TRANSFORMATION",
        "AGGREGATION",
        "JOIN",
        "GROUP_BY",
        "FILTER",
        "SORT",
        "WINDOW",
        "CONDITIONAL",
      ],
    },
    description: text,
    masking: { type: "boolean" },
  },
  ["type"],
);
const inputField = object(
  { namespace: text, name: text, field: text, transformations: { type: "array", items: transformation } },
  ["namespace", "name", "field"],
);
const fields = {
  type: "array",
  items: object({ name: text, type: text, description: text }, ["name"]),
};
const datasetFacets = {
  schema: facet({ fields }, [], "SchemaDatasetFacet", "1-2-0"),
  dataSource: facet({ name: text, uri }, [], "DatasourceDatasetFacet", "1-0-1"),
  version: facet({ datasetVersion: text }, ["datasetVersion"], "DatasetVersionDatasetFacet", "1-0-1"),
  datasetType: facet({ datasetType: text, subType: text }, ["datasetType"], "DatasetTypeDatasetFacet", "1-0-1"),
  columnLineage: facet(
    {
      fields: {
        type: "object",
        additionalProperties: object({ inputFields: { type: "array", items: inputField } }, ["inputFields"]),
      },
      dataset: { type: "array", items: inputField },
    },
    ["fields"],
    "ColumnLineageDatasetFacet",
    "1-2-0",
  ),
};
const assertion = object({ assertion: text, success: { type: "boolean" }, column: text, severity: text }, [
  "assertion",
  "success",
]);
const assertions = facet(
  { assertions: { type: "array", items: assertion } },
  ["assertions"],
  "DataQualityAssertionsDatasetFacet",
  "1-1-0",
);
const dataset = (more: object) =>
  object({ namespace: text, name: text, facets: object(datasetFacets, []), ...more }, ["namespace", "name"]);
const runFacets = {
  errorMessage: facet(
    { message: text, programmingLanguage: text, stackTrace: text },
    ["message", "programmingLanguage"],
    "ErrorMessageRunFacet",
    "1-0-1",
  ),
};
const jobFacets = {
  jobType: facet(
    { processingType: text, integration: text, jobType: text },
    ["processingType", "integration"],
    "JobTypeJobFacet",
    "2-0-4",
  ),
};
const runEvent = object(
  {
    eventTime: { type: "string", format: "date-time" },
    producer: uri,
    schemaURL: { const: `${base}/2-0-2/OpenLineage.json#/$defs/RunEvent` },
    eventType: { enum: ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"] },
    run: object({ runId: { type: "string", format: "uuid" }, facets: object(runFacets, []) }, ["runId"]),
    job: object({ namespace: text, name: text, facets: object(jobFacets, []) }, ["namespace", "name"]),
    inputs: { type: "array", items: dataset({ inputFacets: object({ dataQualityAssertions: assertions }, []) }) },
    outputs: { type: "array", items: dataset({ outputFacets: object({}, []) }) },
  },
  ["eventTime", "producer", "schemaURL", "run", "job"],
);

const ajv = formats.default(new Ajv2020({ allErrors: true, strict: true }));
const validate = ajv.compile(runEvent);

/** What an event lacks of the spec, a line each; nothing where it keeps it. */
export function againstSpec(event: unknown): string[] {
  validate(event);
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

/** What a consumer wants of a run's events beyond their shape: one START, then one terminal event with what was read and written. */
export function againstPractice(
  events: readonly { eventType: string; inputs: unknown[]; outputs: unknown[] }[],
): string[] {
  const types = events.map(({ eventType }) => eventType);
  if (types.length !== 2 || types[0] !== "START") return [`events are ${types.join(", ")}`];
  const last = events[1]!;
  if (!["COMPLETE", "FAIL", "ABORT"].includes(last.eventType)) return [`it ends with ${last.eventType}`];
  return last.inputs.length + last.outputs.length === 0 ? ["the terminal event names no dataset"] : [];
}
