import type { AnyTrx, Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DataSubject, forgetDataSubject, readDataSubject } from "@muster/shared/data-subject.ts";
import { DatasetName } from "@muster/shared/domain/dataset.ts";
import { copied, datasetNode } from "@muster/shared/domain/lineage.ts";
import { type Fault, fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { conclude, destroyRows, refuseUndoable, traceNow } from "../erasure/carry-out.ts";
import { TrainedModel } from "../erasure/models-trained.ts";
import { WarehousePlace } from "../erasure/places.ts";
import type { Elsewhere } from "../erasure/store.ts";
import { waitingPredictions } from "../erasure/waiting-predictions.ts";
import { NotSearched } from "../erasure/warehouses.ts";
import type { GovernanceDeps } from "../index.ts";
import { columnThere, rowsIn, toldElsewhere } from "./find-personal-data.ts";

const Destroyed = z.object({
  pin: z.string(),
  /** The version that stands in its place; null where none does. */
  successor: z.string().nullable(),
  rows: z.number().int().nullable(),
  texts: z.number().int(),
});

export const erasePerson = tool({
  name: "erase_person",
  does: "Destroys every version of the lake with a person's rows, writes the rest anew, takes back receipts, names the models trained on them and the warehouse tables to erase them from. The audit stays.",
  effect: "irreversible",
  long: true,
  input: z.object({
    /** Where the value that names the person stands. */
    dataset: DatasetName,
    column: z.string().min(1),
    person: DataSubject,
    /** The `rows` that find_personal_data told, those of the lake: another number now, and nothing is erased. */
    rows: z.number().int().nonnegative(),
    /** Datasets whose rows have to stay (invoices): only their personal cells are emptied. */
    blank: z.array(DatasetName).default([]),
    reason: z.string().min(1).max(300),
  }),
  output: z.object({
    erasure: z.string(),
    person: z.string(),
    destroyed: z.array(Destroyed),
    models: z.array(TrainedModel),
    /** Tables of warehouses that held the person when the erasure began; they aren't counted in `rows`. */
    eraseThere: z.array(WarehousePlace),
    /** What couldn't be looked at, and why: the person may stand there. */
    notSearched: z.array(NotSearched),
    verdict: z.string(),
  }),
  confirmedBy: ["admin"],
  fresh: false,
  cost: { ms: 8000 },
  run: async ({ dataset, column, person, rows, blank, reason }, context: Context & GovernanceDeps) => {
    const { store, lake, home, now, id, request, confirmer, commit, after, audit, progress } = context;
    const erasure = id("ers");
    const begun = await store.erasures.get(erasure);
    let elsewhere: Elsewhere = { warehouse: [], notSearched: [] };
    if (!begun) {
      await columnThere(lake, dataset, column);
      await refuseBlankElsewhere(lake, blank);
      const value = await readDataSubject(home, person);
      const { places, keys, warehouse, notSearched } = await traceNow(context, { dataset, column }, value);
      elsewhere = { warehouse, notSearched };
      if (places.length === 0) throw nothingHere(elsewhere);
      const found = rowsIn(places);
      if (found !== rows)
        throw fault(
          "conflict",
          `there are ${found} rows now, not ${rows}; look again with governance.find_personal_data`,
          {
            rows: found,
          },
        );
      await refuseUndoable(context, places, blank);
      const waiting = await waitingPredictions(home, keys);
      if (waiting > 0)
        throw fault("conflict", `${waiting} predictions about them are about to land; ask again in two minutes`, {
          waiting,
        });
    }
    progress(0.2, "writing what is left");
    const planned = await store.erasures.begin({
      ...{ id: erasure, subject: person, dataset, column, blank, request, person: confirmer!.person },
      ...{ state: "planned", destroyed: [], models: [], elsewhere, at: now().toISOString(), ended_at: null },
    });
    const gone = await destroyRows(context, planned);
    for (const { pin, successor } of gone.destroyed) {
      const from = datasetNode(pin);
      const names = (await lake.manifest(pin)).columns.map((one) => one.name);
      const outputs = successor === null ? [] : [{ ...datasetNode(successor), columns: copied(from, names) }];
      context.lineage({ inputs: [from], outputs });
    }
    audit("governance.erasure_confirmed", person, { erasure, reason, by: confirmer!.person });
    commit((trx: AnyTrx) => conclude(context, trx, gone));
    after(() => void forgetDataSubject(home, person).catch(() => undefined));
    const { destroyed, models } = gone;
    const { warehouse: eraseThere, notSearched } = gone.elsewhere;
    const live = models.filter(({ deployments }) => deployments.length > 0);
    const verdict = [
      `${destroyed.length} versions destroyed`,
      `${models.length} models were trained on this person`,
      ...(live.length > 0 ? [`train again: ${live.map(({ name, run }) => name ?? run).join(", ")}`] : []),
      ...toldToErase(gone.elsewhere),
    ].join("; ");
    return { erasure, person, destroyed, models, eraseThere, notSearched, verdict };
  },
});

/** What is left to do in warehouses, in words, and what comes of leaving it. */
function toldToErase(elsewhere: Elsewhere): string[] {
  const told = toldElsewhere(elsewhere);
  if (elsewhere.warehouse.length === 0) return told;
  return [`erase there, or they come back with the next materialization: ${told[0]}`, ...told.slice(1)];
}

/** `not_found` that doesn't say of a warehouse, or of what wasn't searched, that nothing stands there. */
function nothingHere(elsewhere: Elsewhere): Fault {
  const told = toldElsewhere(elsewhere);
  if (told.length === 0) return fault("not_found", "nothing stands of this person; see governance.find_personal_data");
  const message = `nothing of this person stands in the lake; ${toldToErase(elsewhere).join("; ")}`;
  return fault("not_found", message, { ...elsewhere });
}

/** Refuses cells that are to be emptied where nothing here may write. */
async function refuseBlankElsewhere(lake: GovernanceDeps["lake"], blank: readonly string[]): Promise<void> {
  for (const name of blank) {
    const place = (await lake.newest(name))?.place;
    if (place)
      throw fault(
        "unfit",
        `${name} stays in the warehouse ${place.source}; empty its cells there, not with \`blank\``,
        {
          dataset: name,
        },
      );
  }
}
