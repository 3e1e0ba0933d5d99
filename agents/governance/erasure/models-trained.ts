import type { Evidence } from "@muster/bus/evidence.ts";
import { parseDatasetRef, pinOf } from "@muster/shared/domain/dataset.ts";
import type { Receipt } from "@muster/shared/domain/receipt.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { tombstoneOf } from "@muster/shared/warehouse/tombstone.ts";
import { z } from "zod";
import type { Place } from "./places.ts";

/**
 * A model that was trained on rows of a person. A model holds what it learned, never the rows; `advice` says what becomes of
 * it: a live one is to be trained again on what is left, one that isn't live stays in the registry for the audit.
 */
export const TrainedModel = z.object({
  run: z.string(),
  model: z.string(),
  name: z.string().nullable(),
  version: z.number().int().nullable(),
  deployments: z.array(z.string()),
  training: z.string(),
  advice: z.string(),
});
export type TrainedModel = z.infer<typeof TrainedModel>;

const most = 100_000;

/** A version and those that came in its place when others were erased from it. */
async function placeOf(lake: Lake, pin: string): Promise<string[]> {
  const own = [pin];
  for (let stone = await tombstoneOf(lake, pin); stone?.successor; stone = await tombstoneOf(lake, own.at(-1)!)) {
    const next = pinOf(parseDatasetRef(pin).name, stone.successor);
    if (own.includes(next)) break;
    own.push(next);
  }
  return own;
}

/** The models trained on versions in which a person stands, by the receipts of their runs; `live` ones first. */
export async function modelsTrained(
  { evidence, lake }: { evidence: Evidence; lake: Lake },
  places: readonly Place[],
): Promise<TrainedModel[]> {
  const pins = new Set(places.map(({ pin }) => pin));
  const runs: Receipt[] = [];
  for (const receipt of await evidence.standing("run.finished", {}, most))
    if ((await placeOf(lake, String(receipt.about.training))).some((pin) => pins.has(pin))) runs.push(receipt);
  const registered = await evidence.standing("model.registered", {}, most);
  const live = new Map<string, { deployment: string; model: string }>();
  for (const { about } of await evidence.standing("deployment.live", {}, most)) {
    const deployment = String(about.deployment);
    if (!live.has(deployment)) live.set(deployment, { deployment, model: String(about.model) });
  }
  const found: TrainedModel[] = [];
  for (const receipt of runs) {
    const { run } = await evidence.value<"run.finished">(receipt);
    const [model, training] = [String(receipt.about.model), String(receipt.about.training)];
    const version = registered.find(({ about }) => about.model === model && about.training === training);
    const value = version ? await evidence.value<"model.registered">(version) : null;
    const deployments = [...live.values()].filter((one) => one.model === model).map(({ deployment }) => deployment);
    const advice =
      deployments.length > 0
        ? `live: train ${value?.name ?? deployments[0]} again; until then it answers with what it learned`
        : "not live: stays for the audit and can't go live again without being trained anew";
    found.push({
      run,
      model,
      training,
      name: value?.name ?? null,
      version: value?.version ?? null,
      deployments,
      advice,
    });
  }
  return found.sort((a, b) => b.deployments.length - a.deployments.length || (a.run < b.run ? -1 : 1));
}
