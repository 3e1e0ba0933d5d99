import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import { pinOf } from "@muster/shared/domain/dataset.ts";
import { fault } from "@muster/shared/fault.ts";
import { conditionsSql } from "@muster/shared/features/conditions.ts";
import { qualified } from "@muster/shared/features/schema.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { type DatasetFacts, MOST_CLASSES, measureFacts } from "./dataset-facts.ts";
import type { ProblemRequest, WindowRequest } from "./define-problem.ts";
import { namedColumn } from "./nearest.ts";
import { conditionsOf, eventTime, type WindowFacts } from "./window-problem.ts";

type Event = WindowRequest;

/**
 * Measures what a question about events needs beside the label's table: how many rows meet its conditions, the categories
 * that come next, and the table of whom they belong to. `not_found` and `invalid_input` for conditions that don't fit.
 */
export async function measureWindow(
  lake: Lake,
  label: DatasetManifest,
  request: ProblemRequest,
  event: Event,
  facts: DatasetFacts,
  sources: readonly DatasetManifest[],
  threads: number,
): Promise<WindowFacts> {
  const relation = { relation: label.name, columns: label.columns };
  const time = eventTime(facts, event.time).name;
  const met = `${qualified("t", event.entity)} IS NOT NULL AND ${qualified("t", time)} IS NOT NULL AND ${conditionsSql(relation, conditionsOf(facts, event.where))}`;
  const category =
    event.kind === "next" && event.category !== undefined
      ? namedColumn(label.columns, event.category, label.name)
      : null;
  const found = await withPins(lake, [pinOf(label.name, label.version)], { threads }, async ({ query, dialect }) => {
    const [row] = await query(`SELECT count(*) AS n FROM ${quoteIdent(label.name)} t WHERE ${met}`);
    if (category === null) return { rows: Number(row!.n), classes: null };
    const { type } = label.columns.find((column) => column.name === category)!;
    const value = dialect.text(qualified("t", category), type);
    const classes = await query(
      `SELECT ${value} AS label, count(*) AS n FROM ${quoteIdent(label.name)} t WHERE ${met} AND ${value} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${MOST_CLASSES + 1}`,
    );
    const counts = classes.map((one) => ({ label: String(one.label), rows: Number(one.n) }));
    return { rows: Number(row!.n), classes: counts.length > MOST_CLASSES ? null : counts };
  });
  return { ...found, people: await peopleOf(lake, request, event, label, sources, threads) };
}

/** The facts of the population's table; null where it is the events' own. */
async function peopleOf(
  lake: Lake,
  { population }: ProblemRequest,
  event: Event,
  label: DatasetManifest,
  sources: readonly DatasetManifest[],
  threads: number,
): Promise<DatasetFacts | null> {
  const measure = (one: DatasetManifest): Promise<DatasetFacts> =>
    withPins(lake, [pinOf(one.name, one.version)], { threads }, (engine) => measureFacts(engine, one.name, one, null));
  if (population?.dataset !== undefined) {
    if (population.dataset === label.name) return null;
    const named = sources.find(({ name }) => name === population.dataset);
    if (named === undefined)
      throw fault("not_found", `there is no dataset ${population.dataset} that names who is asked about`, {
        dataset: population.dataset,
      });
    return measure(named);
  }
  const first = event.kind === "occurs" && event.first === true && (event.where ?? []).length === 0;
  if (!first || population?.where !== undefined) return null;
  // Who never had one isn't in the table of those who had: one row each of everybody is looked for.
  for (const one of sources) {
    const key = one.columns.find(({ name }) => name.toLowerCase() === event.entity.toLowerCase());
    if (one.name === label.name || !key) continue;
    const facts = await measure(one);
    if (one.rows > 0 && facts.distinct[key.name] === one.rows) return facts;
  }
  return null;
}
