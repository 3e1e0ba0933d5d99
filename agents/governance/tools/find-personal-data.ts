import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DataSubject, readDataSubject } from "@muster/shared/data-subject.ts";
import { DatasetName } from "@muster/shared/domain/dataset.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { traceNow } from "../erasure/carry-out.ts";
import { modelsTrained, TrainedModel } from "../erasure/models-trained.ts";
import { Place } from "../erasure/trace-person.ts";
import { waitingPredictions } from "../erasure/waiting-predictions.ts";
import type { GovernanceDeps } from "../index.ts";

export const findPersonalData = tool({
  name: "find_personal_data",
  does: "Finds where a person's data stand: tables, features, scores, prediction logs, every version, and the models trained on them.",
  effect: "read",
  long: true,
  input: z.object({
    /** Where the value that names the person stands. */
    dataset: DatasetName,
    column: z.string().min(1),
    person: DataSubject,
  }),
  output: z.object({
    person: z.string(),
    places: z.array(Place),
    /** Rows and texts over all versions: what erase_person wants to be told. */
    rows: z.number().int().nonnegative(),
    /** Predictions that were answered but haven't landed in a dataset yet. */
    waiting: z.number().int().nonnegative(),
    models: z.array(TrainedModel),
    erased: z.array(z.object({ id: z.string(), at: z.string(), models: z.array(TrainedModel) })),
    verdict: z.string(),
  }),
  confirmedBy: ["approver", "admin"],
  cost: { ms: 3000 },
  run: async (
    { dataset, column, person },
    { store, lake, evidence, home, threads, confirmer, audit }: Context & GovernanceDeps,
  ) => {
    await columnThere(lake, dataset, column);
    const value = await readDataSubject(home, person);
    const { places, keys } = await traceNow({ store, lake, evidence, threads }, { dataset, column }, value);
    const [models, waiting, erasures] = [
      await modelsTrained({ evidence, lake }, places),
      await waitingPredictions(home, keys),
      await store.erasures.of(person),
    ];
    const erased = erasures
      .filter(({ state }) => state === "done")
      .map(({ id, ended_at, models }) => ({ id, at: new Date(ended_at!).toISOString(), models }));
    audit("governance.person_looked_for", person, { dataset, column, places: places.length, by: confirmer!.person });
    return {
      person,
      places,
      rows: rowsIn(places),
      waiting,
      models,
      erased,
      verdict: verdictOf(places, models, erased),
    };
  },
});

/** The rows and texts of a trace, over all versions; what was written without a key isn't counted. */
export const rowsIn = (places: readonly Place[]): number =>
  places.reduce((sum, { rows, texts }) => sum + (rows ?? 0) + texts, 0);

/** Passes where the newest version of a dataset, or one that stands, has the column. */
export async function columnThere(lake: GovernanceDeps["lake"], dataset: string, column: string): Promise<void> {
  await lake.resolve(dataset);
  for (const pin of await lake.versions(dataset))
    if ((await lake.manifest(pin)).columns.some(({ name }) => name === column)) return;
  throw fault("not_found", `${dataset} has no such column; see catalog.describe_dataset`);
}

function verdictOf(
  places: readonly Place[],
  models: readonly TrainedModel[],
  erased: readonly { at: string }[],
): string {
  const before = erased.length > 0 ? `; erased on ${erased[0]!.at.slice(0, 10)}` : "";
  if (places.length === 0) return `nothing stands of this person${before}`;
  const tables = new Set(places.map(({ dataset }) => dataset)).size;
  const whole = places.filter(({ rows }) => rows === null).length;
  const unkeyed = whole > 0 ? `, ${whole} of them written without a key` : "";
  return `${rowsIn(places)} rows in ${places.length} versions of ${tables} datasets${unkeyed}; ${models.length} models were trained on them${before}`;
}
