import { z } from "zod";

/** Bounds of an event that somebody sends: what is larger is refused, what isn't known is left out. */
const most = { datasets: 500, columns: 2000, sources: 500 };

/** PostgreSQL keeps no NUL. */
const text = z
  .string()
  .max(1000)
  .refine((said) => !said.includes("\0"), "no NUL");
const name = text.min(1);
const at = z.iso.datetime({ offset: true });

const Source = z.object({
  namespace: text,
  name,
  field: name,
  transformations: z
    .array(z.object({ type: text, subtype: text.nullish() }))
    .max(20)
    .nullish(),
});

const Facets = z.object({
  /** Other names of the same dataset. */
  symlinks: z.object({ identifiers: z.array(z.object({ namespace: text, name })).max(20) }).nullish(),
  columnLineage: z
    .object({
      fields: z
        .record(name, z.object({ inputFields: z.array(Source).max(most.sources) }))
        .refine((fields) => Object.keys(fields).length <= most.columns, `at most ${most.columns} columns`),
      dataset: z.array(Source).max(most.sources).nullish(),
    })
    .nullish(),
});

const Assertions = z.object({
  dataQualityAssertions: z
    .object({
      assertions: z
        .array(z.object({ assertion: name, success: z.boolean(), column: text.nullish(), severity: text.nullish() }))
        .max(1000),
    })
    .nullish(),
});

const Dataset = z.object({
  namespace: text,
  name,
  facets: Facets.nullish(),
  inputFacets: Assertions.nullish(),
});
export type OpenLineageDataset = z.infer<typeof Dataset>;

const datasets = z.array(Dataset).max(most.datasets).nullish();

/**
 * An OpenLineage event (spec 2-0-2) as somebody sends it: a RunEvent, or a JobEvent, which has no run. Of facets those are
 * kept that say lineage or quality; every other is left out, so that what is kept is bounded. `fromOpenLineage` reads it.
 */
export const OpenLineageEvent = z.object({
  eventType: z.enum(["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]).nullish(),
  eventTime: at,
  producer: text,
  schemaURL: text,
  run: z.object({ runId: z.guid() }).nullish(),
  job: z.object({ namespace: text, name }),
  inputs: datasets,
  outputs: datasets,
});
export type OpenLineageEvent = z.infer<typeof OpenLineageEvent>;
