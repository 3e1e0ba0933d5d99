/** An event of somebody else's run, whose id ends with `run`. */
export const event = (type: string, run: string, more: object = {}) => ({
  eventType: type,
  eventTime: "2026-11-20T10:00:00+02:00",
  producer: "https://example.org/airflow",
  schemaURL: "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
  run: { runId: `01234567-89ab-7def-8123-${run.padStart(12, "0")}` },
  job: { namespace: "airflow", name: `dag.${run}` },
  ...more,
});

/** A dataset of somebody else. */
export const of = (name: string, facets: object = {}, namespace = "snowflake://acme") => ({ namespace, name, facets });

/** The facet that says which fields of datasets each column was made of. */
export const madeOf = (fields: Record<string, [string, string][]>) => ({
  columnLineage: {
    fields: Object.fromEntries(
      Object.entries(fields).map(([name, from]) => [
        name,
        { inputFields: from.map(([dataset, field]) => ({ namespace: "snowflake://acme", name: dataset, field })) },
      ]),
    ),
  },
});
