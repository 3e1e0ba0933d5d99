import type {
  ColumnLineage,
  LineageInput,
  LineageNode,
  LineageOutput,
  LineageRecord,
} from "@muster/shared/domain/lineage.ts";
import type { Names } from "./names.ts";

const producer = "urn:muster:lineage";
const spec = "https://openlineage.io/spec";

const facet = (name: string, version: string, content: object) => ({
  _producer: producer,
  _schemaURL: `${spec}/facets/${version}/${name}.json#/$defs/${name}`,
  ...content,
});

/** What a projection needs beside the record: names, the namespace of our jobs, and the columns of a thing where they are known. */
export type Projecting = {
  names: Names;
  namespace: string;
  columnsOf: (node: LineageNode) => Promise<readonly { name: string; type?: string }[] | null>;
};

/** What a thing is, in OpenLineage's words. */
const kinds: Record<LineageNode["kind"], { datasetType: string; subType?: string }> = {
  dataset: { datasetType: "TABLE" },
  view: { datasetType: "VIEW" },
  model: { datasetType: "MODEL" },
  deployment: { datasetType: "MODEL", subType: "DEPLOYMENT" },
};

async function facetsOf(node: LineageNode, { names, columnsOf }: Projecting): Promise<Record<string, object>> {
  const source = names.sourceOf(node);
  const columns = await columnsOf(node);
  const fields = columns?.map(({ name, type }) => ({ name, ...(type && { type }) }));
  return {
    datasetType: facet("DatasetTypeDatasetFacet", "1-0-1", kinds[node.kind]),
    ...(source && { dataSource: facet("DatasourceDatasetFacet", "1-0-1", source) }),
    ...(fields && { schema: facet("SchemaDatasetFacet", "1-2-0", { fields }) }),
    ...(node.version && {
      version: facet("DatasetVersionDatasetFacet", "1-0-1", { datasetVersion: node.version }),
    }),
  };
}

function columnFacet(columns: readonly ColumnLineage[], names: Names): object {
  const fieldsOf = (sources: ColumnLineage["sources"]) =>
    sources.map(({ from, column, type, subtype }) => ({
      ...names.publicName(from),
      field: column,
      transformations: [{ type, ...(subtype && { subtype }) }],
    }));
  const fields = columns
    .filter(({ name, sources }) => name !== "" && sources.length > 0)
    .map(({ name, sources }) => [name, { inputFields: fieldsOf(sources) }]);
  const rows = columns.filter(({ name }) => name === "").flatMap(({ sources }) => fieldsOf(sources));
  return facet("ColumnLineageDatasetFacet", "1-2-0", {
    fields: Object.fromEntries(fields),
    ...(rows.length > 0 && { dataset: rows }),
  });
}

const inputOf = async (input: LineageInput, by: Projecting) => ({
  ...by.names.publicName(input),
  facets: await facetsOf(input, by),
  inputFacets: input.assertions
    ? {
        dataQualityAssertions: facet("DataQualityAssertionsDatasetFacet", "1-1-0", { assertions: input.assertions }),
      }
    : {},
});

const outputOf = async (output: LineageOutput, by: Projecting) => ({
  ...by.names.publicName(output),
  facets: {
    ...(await facetsOf(output, by)),
    ...(output.columns?.length ? { columnLineage: columnFacet(output.columns, by.names) } : {}),
  },
  outputFacets: {},
});

const terminal = { completed: "COMPLETE", failed: "FAIL", aborted: "ABORT", started: "RUNNING" } as const;

/** A job is what writes one thing, or looks at one: consumers keep the newest lineage of each job. */
const jobName = ({ job, inputs, outputs }: LineageRecord): string => {
  const about = outputs[0] ?? inputs[0];
  return about ? `${job.name}.${about.name}` : job.name;
};

/**
 * A run of ours as OpenLineage events (2-0-2): one START, and one COMPLETE, FAIL or ABORT with all inputs and outputs.
 * Everything in them is derived from the record: sent again they are the same.
 */
export async function toOpenLineage(record: LineageRecord, by: Projecting): Promise<object[]> {
  const job = {
    namespace: by.namespace,
    name: jobName(record),
    facets: {
      jobType: facet("JobTypeJobFacet", "2-0-4", { processingType: "BATCH", integration: "MUSTER", jobType: "TOOL" }),
    },
  };
  const { error } = record;
  const failure = error && {
    errorMessage: facet("ErrorMessageRunFacet", "1-0-1", {
      message: `${error.code}: ${error.message}`,
      programmingLanguage: "TYPESCRIPT",
    }),
  };
  const event = (eventType: string, eventTime: string | null, facets: object, more: object) => ({
    ...{ eventType, eventTime, producer, schemaURL: `${spec}/2-0-2/OpenLineage.json#/$defs/RunEvent` },
    ...{ run: { runId: record.run, facets }, job },
    ...more,
  });
  const inputs = await Promise.all(record.inputs.map((one) => inputOf(one, by)));
  const outputs = await Promise.all(record.outputs.map((one) => outputOf(one, by)));
  return [
    event("START", record.startedAt, {}, { inputs: [], outputs: [] }),
    event(terminal[record.state], record.endedAt, failure ?? {}, { inputs, outputs }),
  ];
}
