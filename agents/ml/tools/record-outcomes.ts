import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetRef } from "@muster/shared/domain/dataset.ts";
import { copied, datasetNode } from "@muster/shared/domain/lineage.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { facts } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import type { ForecastRule } from "@muster/shared/features/label-rule.ts";
import { z } from "zod";
import { type Recorded, recordOutcomes as record } from "../outcomes/record.ts";
import type { ServingDeps } from "../serving/deps.ts";
import { landWaiting } from "../serving/landing-loop.ts";
import { readPackage } from "../serving/read-package.ts";

const Counted = z.array(z.object({ reason: z.string(), rows: z.number().int() }));

export const recordOutcomes = tool({
  name: "record_outcomes",
  does: "Takes what came of a deployment's predictions from a loaded table, by entity and event time: late, repeated and corrected outcomes too; the newest arrival holds.",
  effect: "write",
  input: z.object({
    deployment: z.string().min(1).max(100),
    dataset: DatasetRef,
    /**
     * Columns of that table. Default: the entity's own name, the table's event time, the target's name, its arrival time. Of a forecast: a
     * table of the kind that it was made from, whose series, time and value have their own names unless said here.
     */
    entity: z.string().min(1).max(300).optional(),
    eventTime: z.string().min(1).max(300).optional(),
    label: z.string().min(1).max(300).optional(),
    arrivedAt: z.string().min(1).max(300).optional(),
  }),
  output: facts["outcomes.recorded"].value.extend({
    read: z.number().int(),
    added: z.number().int(),
    corrected: z.number().int(),
    repeated: z.number().int(),
    refused: Counted,
    unmatched: Counted,
    verdict: z.string(),
  }),
  needs: [{ is: "request.accepted" }, { is: "access.cleared", of: "dataset", as: "access" }],
  gives: [{ is: "outcomes.recorded", of: "deployment", about: ({ outcomes }) => ({ outcomes }) }],
  cost: { ms: 800 },
  run: async (input, context: Context & ServingDeps) => {
    const { deployment, dataset, access } = input;
    const { deployments, evidence, lake, now } = context;
    const [newest] = await deployments.history(deployment, 1);
    if (!newest) throw fault("not_found", `nothing was ever deployed as ${deployment}; see ml.get_ml_status`);
    const served = await readPackage(newest, evidence.artifact);
    const key = served.input.entity?.name;
    if (key === undefined)
      throw fault("unfit", `rows of ${deployment} have no entity key, so an outcome can't be told whose it is`);
    const { label } = served.problem;
    const what =
      label.kind === "forecast"
        ? { series: seriesIn(label, input) }
        : { columns: namedIn(key, served.problem.target, (await lake.manifest(dataset)).time, input) };
    const written = what.series ? readOfSeries(what.series) : readOfRows(what.columns);
    for (const column of new Set(Object.values(written).flat())) mayRead(access, column);
    await landWaiting(context, now());
    const found = await record({ lake, served, dataset, ...what, now: now() });
    const { outcomes, matching, ...counts } = found;
    const from = datasetNode(dataset);
    const { __arrived: _, ...made } = written;
    context.lineage({
      inputs: [from],
      outputs: [
        {
          ...datasetNode(outcomes),
          columns: Object.entries(made).map(([name, columns]) => ({
            ...{ name, sources: copied(from, columns).flatMap((one) => one.sources) },
          })),
        },
      ],
    });
    const { matched, unmatched, matured } = matching;
    return {
      ...{ deployment, outcomes, rows: (await lake.manifest(outcomes)).rows, matched, unmatched, matured },
      ...counts,
      verdict: saying(counts, matching),
    };
  },
});

type Named = { entity?: string; eventTime?: string; label?: string; arrivedAt?: string };

function namedIn(key: string, target: string, time: string | null, { entity, eventTime, label, arrivedAt }: Named) {
  const event = eventTime ?? time;
  if (event === null)
    throw fault("invalid_input", "the table has no event time; pass `eventTime` with the column that holds it");
  return {
    ...{ entity: entity ?? key, event, label: label ?? target },
    ...(arrivedAt !== undefined && { arrived: arrivedAt }),
  };
}

/** The forecast's rule over the columns of a table that names them otherwise. */
function seriesIn(rule: ForecastRule, { entity, eventTime, label, arrivedAt }: Named): ForecastRule {
  if (arrivedAt !== undefined)
    throw fault("invalid_input", "what came of a forecast arrives when it is recorded; leave `arrivedAt` out");
  if (entity !== undefined && rule.series === null)
    throw fault("invalid_input", "the forecast is of one series, without a column of its name; leave `entity` out");
  if (label !== undefined && rule.column === null)
    throw fault("invalid_input", "the forecast counts rows and reads no value; leave `label` out");
  return { ...rule, series: entity ?? rule.series, time: eventTime ?? rule.time, column: label ?? rule.column };
}

/** Which columns of the table each column of the outcomes is made of, and whatever else is read. */
const readOfSeries = ({ series, time, hour, column, where }: ForecastRule): Record<string, string[]> => {
  const at = [time, ...(hour === null ? [] : [hour])];
  const value = [...(column === null ? [] : [column]), ...where.map((one) => one.column)];
  return {
    ...{ __entity: [...(series === null ? [] : [series]), ...at], __event_at: at },
    __label: value.length > 0 ? value : [time],
  };
};
const readOfRows = ({ entity, event, label, arrived }: ReturnType<typeof namedIn>): Record<string, string[]> => ({
  ...{ __entity: [entity], __event_at: [event], __label: [label] },
  ...(arrived !== undefined && { __arrived: [arrived] }),
});

/** Whoever records outcomes must be let see the columns they stand in; a masked key only joins. */
function mayRead(access: FactValue<"access.cleared">, column: string): void {
  const told = access.columns[column];
  if (told?.show === "none")
    throw fault("denied", `the column ${column} isn't shown to you for this purpose: ${told.reason}`, { column });
}

function saying(
  { added, corrected, repeated, refused }: Omit<Recorded, "outcomes" | "matching">,
  matching: Recorded["matching"],
): string {
  const { matched, outcomes, unmatched, matured } = matching;
  const told = (list: readonly { reason: string; rows: number }[]) =>
    list.map(({ reason, rows }) => `${rows} ${reason}`).join(", ");
  return [
    `${added} outcomes are new, ${corrected} corrected, ${repeated} known already`,
    ...(refused.length > 0 ? [`refused: ${told(refused)}`] : []),
    `${matched} of ${outcomes} belong to a prediction${unmatched.length > 0 ? ` (${told(unmatched)})` : ""}`,
    matured.share === null
      ? "no prediction has matured yet"
      : `the outcome of ${matured.labelled} of ${matured.entities} matured predictions is known`,
  ].join("; ");
}
