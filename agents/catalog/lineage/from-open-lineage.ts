import type {
  ColumnLineage,
  ColumnSource,
  LineageAssertion,
  LineageInput,
  LineageOutput,
  LineageRecord,
} from "@muster/shared/domain/lineage.ts";
import type { OpenLineageDataset, OpenLineageEvent } from "@muster/shared/domain/open-lineage.ts";
import type { Names } from "./names.ts";

const states: Record<NonNullable<OpenLineageEvent["eventType"]>, LineageRecord["state"]> = {
  START: "started",
  RUNNING: "started",
  OTHER: "started",
  COMPLETE: "completed",
  ABORT: "aborted",
  FAIL: "failed",
};

/** Where a dataset says other names of itself, those count too. */
const namesOf = ({ namespace, name, facets }: OpenLineageDataset) => [
  { namespace, name },
  ...(facets?.symlinks?.identifiers ?? []),
];

type Fields = NonNullable<NonNullable<OpenLineageDataset["facets"]>["columnLineage"]>;

function columnsOf({ fields, dataset }: Fields, names: Names): ColumnLineage[] {
  const sources = (read: Fields["fields"][string]["inputFields"]): ColumnSource[] =>
    read.flatMap(({ namespace, name, field, transformations }) => {
      const from = names.nodeOf([{ namespace, name }]);
      const said = transformations?.length ? transformations : [{ type: "DIRECT", subtype: null }];
      return said.map(({ type, subtype }) => ({
        ...{ from, column: field, type: type === "INDIRECT" ? ("INDIRECT" as const) : ("DIRECT" as const) },
        subtype: subtype ?? "",
      }));
    });
  const of = Object.entries(fields).map(([name, { inputFields }]) => ({ name, sources: sources(inputFields) }));
  return dataset?.length ? [...of, { name: "", sources: sources(dataset) }] : of;
}

const severityOf = (said: string | null | undefined) => (said === "error" || said === "warn" ? said : undefined);

function inputOf(dataset: OpenLineageDataset, names: Names): LineageInput {
  const checks = dataset.inputFacets?.dataQualityAssertions?.assertions;
  const assertions = checks?.map(({ assertion, success, column, severity }): LineageAssertion => {
    const known = severityOf(severity);
    return { assertion, success, ...(column && { column }), ...(known && { severity: known }) };
  });
  return { ...names.nodeOf(namesOf(dataset)), ...(assertions && { assertions }) };
}

function outputOf(dataset: OpenLineageDataset, names: Names): LineageOutput {
  const said = dataset.facets?.columnLineage;
  return { ...names.nodeOf(namesOf(dataset)), ...(said && { columns: columnsOf(said, names) }) };
}

const keyOf = ({ kind, namespace, name, version }: LineageInput) => JSON.stringify([kind, namespace, name, version]);

/** Both lists; what is named in both, with what the newer one says of it. */
function merged<T extends LineageInput>(older: readonly T[], newer: readonly T[]): T[] {
  const all = new Map(older.map((one) => [keyOf(one), one]));
  for (const one of newer) all.set(keyOf(one), { ...all.get(keyOf(one)), ...one });
  return [...all.values()];
}

const ended = ["completed", "failed", "aborted"];

/**
 * What is known of a run from outside after one more of its events: an event may say a part only (inputs at the start,
 * outputs at the end). A run that has ended stays so. `holds`: it did, or is doing, what it says it reads and writes.
 */
export function fromOpenLineage(
  event: OpenLineageEvent,
  { run, names, before }: { run: string; names: Names; before: LineageRecord | null },
): { record: LineageRecord; holds: boolean } {
  const type = event.run ? (event.eventType ?? "OTHER") : "COMPLETE";
  const at = new Date(event.eventTime).toISOString();
  const over = before !== null && ended.includes(before.state);
  const state = over ? before.state : states[type];
  const record: LineageRecord = {
    ...{ run, origin: "external", job: event.job, state },
    startedAt: type === "START" ? at : (before?.startedAt ?? null),
    endedAt: over ? before.endedAt : ended.includes(state) ? at : null,
    ...{ request: null, error: null },
    inputs: merged(
      before?.inputs ?? [],
      (event.inputs ?? []).map((one) => inputOf(one, names)),
    ),
    outputs: merged(
      before?.outputs ?? [],
      (event.outputs ?? []).map((one) => outputOf(one, names)),
    ),
  };
  const holds = state === "completed" || (state === "started" && (type === "RUNNING" || type === "OTHER"));
  return { record, holds };
}
