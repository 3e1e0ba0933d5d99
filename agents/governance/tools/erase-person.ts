import type { AnyTrx, Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DataSubject, forgetDataSubject, readDataSubject } from "@muster/shared/data-subject.ts";
import { DatasetName } from "@muster/shared/domain/dataset.ts";
import { copied, datasetNode } from "@muster/shared/domain/lineage.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { conclude, destroyRows, refuseUndoable, traceNow } from "../erasure/carry-out.ts";
import { TrainedModel } from "../erasure/models-trained.ts";
import { waitingPredictions } from "../erasure/waiting-predictions.ts";
import type { GovernanceDeps } from "../index.ts";
import { columnThere, rowsIn } from "./find-personal-data.ts";

const Destroyed = z.object({
  pin: z.string(),
  /** The version that stands in its place; null where none does. */
  successor: z.string().nullable(),
  rows: z.number().int().nullable(),
  texts: z.number().int(),
});

export const erasePerson = tool({
  name: "erase_person",
  does: "Erases a person: every version with their rows is destroyed, what is left is written anew, receipts on it are taken back, models trained on them are named. The audit stays.",
  effect: "irreversible",
  long: true,
  input: z.object({
    /** Where the value that names the person stands. */
    dataset: DatasetName,
    column: z.string().min(1),
    person: DataSubject,
    /** The number of rows that find_personal_data told: another number now, and nothing is erased. */
    rows: z.number().int().positive(),
    /** Datasets whose rows have to stay (invoices): only their personal cells are emptied. */
    blank: z.array(DatasetName).default([]),
    reason: z.string().min(1).max(300),
  }),
  output: z.object({
    erasure: z.string(),
    person: z.string(),
    destroyed: z.array(Destroyed),
    models: z.array(TrainedModel),
    verdict: z.string(),
  }),
  confirmedBy: ["admin"],
  fresh: false,
  cost: { ms: 8000 },
  run: async ({ dataset, column, person, rows, blank, reason }, context: Context & GovernanceDeps) => {
    const { store, lake, home, now, id, request, confirmer, commit, after, audit, progress } = context;
    const erasure = id("ers");
    const begun = await store.erasures.get(erasure);
    if (!begun) {
      await columnThere(lake, dataset, column);
      const value = await readDataSubject(home, person);
      const { places, keys } = await traceNow(context, { dataset, column }, value);
      if (places.length === 0)
        throw fault("not_found", "nothing stands of this person; see governance.find_personal_data");
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
      ...{ state: "planned", destroyed: [], models: [], at: now().toISOString(), ended_at: null },
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
    const live = models.filter(({ deployments }) => deployments.length > 0);
    const again = live.length > 0 ? `; train again: ${live.map(({ name, run }) => name ?? run).join(", ")}` : "";
    const verdict = `${destroyed.length} versions destroyed; ${models.length} models were trained on this person${again}`;
    return { erasure, person, destroyed, models, verdict };
  },
});
