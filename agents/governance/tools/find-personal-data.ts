import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DataSubject, readDataSubject } from "@muster/shared/data-subject.ts";
import { DatasetName } from "@muster/shared/domain/dataset.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { traceNow } from "../erasure/carry-out.ts";
import { modelsTrained, TrainedModel } from "../erasure/models-trained.ts";
import { Place, WarehousePlace } from "../erasure/places.ts";
import type { Elsewhere } from "../erasure/store.ts";
import type { Trace } from "../erasure/trace-person.ts";
import { waitingPredictions } from "../erasure/waiting-predictions.ts";
import { NotSearched, toldNotSearched } from "../erasure/warehouses.ts";
import type { GovernanceDeps } from "../index.ts";

export const findPersonalData = tool({
  name: "find_personal_data",
  does: "Finds where a person's data stand: tables, features, scores, prediction logs, every version, tables of warehouses as they are now, and the models trained on them.",
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
    /** Rows and texts over all versions of the lake: what erase_person destroys, and wants to be told. */
    rows: z.number().int().nonnegative(),
    /** Tables of warehouses; they aren't counted in `rows`, since nothing here writes to a warehouse. */
    warehouse: z.array(WarehousePlace),
    /** What couldn't be looked at, and why: the person may stand there. */
    notSearched: z.array(NotSearched),
    /** Predictions that were answered but haven't landed in a dataset yet. */
    waiting: z.number().int().nonnegative(),
    models: z.array(TrainedModel),
    /** `eraseThere`: tables of warehouses that held them when the lake's rows went; the keys that led there may be gone. */
    erased: z.array(
      z.object({
        id: z.string(),
        at: z.string(),
        models: z.array(TrainedModel),
        eraseThere: z.array(WarehousePlace),
      }),
    ),
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
    const trace = await traceNow({ store, lake, evidence, threads }, { dataset, column }, value);
    const { places, keys, warehouse, notSearched } = trace;
    const [models, waiting, erasures] = [
      await modelsTrained({ evidence, lake }, places),
      await waitingPredictions(home, keys),
      await store.erasures.of(person),
    ];
    const erased = erasures
      .filter(({ state }) => state === "done")
      .map(({ id, ended_at, models, elsewhere }) => ({
        ...{ id, at: new Date(ended_at!).toISOString(), models },
        eraseThere: elsewhere.warehouse,
      }));
    audit("governance.person_looked_for", person, {
      ...{ dataset, column, places: places.length, warehouse: warehouse.length, notSearched },
      by: confirmer!.person,
    });
    return {
      person,
      places,
      rows: rowsIn(places),
      warehouse,
      notSearched,
      waiting,
      models,
      erased,
      verdict: verdictOf(trace, models, erased),
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

/** Where else a person stands, in words: tables of warehouses with their rows, and what wasn't looked at. */
export const toldElsewhere = ({ warehouse, notSearched }: Elsewhere): string[] => [
  ...(warehouse.length === 0
    ? []
    : [`in warehouses ${warehouse.map((one) => `${one.dataset} (${one.warehouse}: ${rowsOf(one)})`).join(", ")}`]),
  ...notSearched.map(toldNotSearched),
];

const rowsOf = ({ schema, table, rows, texts }: WarehousePlace): string =>
  `${schema}.${table}, ${rows} rows${texts > 0 ? ` and ${texts} texts` : ""}`;

function verdictOf(
  trace: Pick<Trace, "places" | "warehouse" | "notSearched">,
  models: readonly TrainedModel[],
  erased: readonly { at: string }[],
): string {
  const { places } = trace;
  const before = erased.length > 0 ? [`erased on ${erased[0]!.at.slice(0, 10)}`] : [];
  const elsewhere = toldElsewhere(trace);
  if (places.length === 0) {
    const nothing =
      elsewhere.length > 0 ? "nothing of this person was found in the lake" : "nothing stands of this person";
    return [nothing, ...elsewhere, ...before].join("; ");
  }
  const tables = new Set(places.map(({ dataset }) => dataset)).size;
  const whole = places.filter(({ rows }) => rows === null).length;
  const unkeyed = whole > 0 ? `, ${whole} of them written without a key` : "";
  const here = `${rowsIn(places)} rows in ${places.length} versions of ${tables} datasets${unkeyed}`;
  return [here, ...elsewhere, `${models.length} models were trained on them`, ...before].join("; ");
}
