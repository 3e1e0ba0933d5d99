import type { AnyTrx } from "@muster/bus/context.ts";
import { type Evidence, newId } from "@muster/bus/evidence.ts";
import { forgetDataSubject, forgetOlder, readDataSubject } from "@muster/shared/data-subject.ts";
import { type DatasetPin, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import { fault } from "@muster/shared/fault.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { bury } from "@muster/shared/warehouse/tombstone.ts";
import { heldBy } from "../retention/rules.ts";
import type { GovernanceStore } from "../store.ts";
import { blankColumns } from "./blank-columns.ts";
import { linksOf } from "./links.ts";
import { modelsTrained, type TrainedModel } from "./models-trained.ts";
import type { Place } from "./places.ts";
import { rewriteVersion } from "./rewrite-version.ts";
import type { Destroyed, Erasure } from "./store.ts";
import { type Trace, tracePerson } from "./trace-person.ts";
import type { NotSearched } from "./warehouses.ts";

/** What an erasure is carried out with. */
export type Erasing = {
  store: GovernanceStore;
  evidence: Evidence;
  lake: Lake;
  home: string;
  threads: number;
  now: () => Date;
};

/** Data that come in while a person is erased are looked at again; whoever loads their rows faster than that is told. */
const mostRounds = 5;
const limitsOf = (threads: number) => ({ threads, memoryMb: 2048, timeLimitMs: 600_000 });

/** Where a person stands now. */
export async function traceNow(
  { store, evidence, lake, threads }: Pick<Erasing, "store" | "evidence" | "lake" | "threads">,
  { dataset, column }: Pick<Erasure, "dataset" | "column">,
  value: string,
): Promise<Trace> {
  const { links, unkeyed } = await linksOf(evidence, store.erasures.everGiven);
  return tracePerson({ lake, links, unkeyed, limits: limitsOf(threads) }, { dataset, column }, value);
}

/**
 * Destroys a person's rows: writes what is left as new versions, notes what is about to go, lets it go, and looks again
 * until nothing is found. May be begun again at any point: what stands is traced anew, what was planned is finished. Ends
 * with the state `gone`; `conclude` tells it. `conflict` where a legal hold keeps the rows, `unavailable` where a warehouse
 * that could be searched when this was agreed doesn't answer any more: its keys may lead to rows here.
 */
export async function destroyRows(erasing: Erasing, begun: Erasure): Promise<Erasure> {
  const { store, lake, home, now } = erasing;
  const { id } = begun;
  if (begun.state !== "planned") return begun;
  const value = await readDataSubject(home, begun.subject);
  const destroyed: Destroyed[] = [...begun.destroyed];
  const models = new Map<string, TrainedModel>(begun.models.map((model) => [model.run, model]));
  // Planned by a run that was killed: their successors stand already.
  for (const one of destroyed) await buryFor(lake, one, id, now());
  for (let round = 0; ; round++) {
    const trace = await traceNow(erasing, begun, value);
    refuseBlind(begun.elsewhere.notSearched, trace.notSearched);
    if (trace.places.length === 0) {
      // What led there may be gone with the lake's rows, so that what was found first counts.
      const known = new Set(begun.elsewhere.warehouse.map(({ dataset }) => dataset));
      const later = trace.warehouse.filter(({ dataset }) => !known.has(dataset));
      const warehouse = [...begun.elsewhere.warehouse, ...later];
      await store.erasures.gone(id, { warehouse, notSearched: trace.notSearched });
      break;
    }
    if (round === mostRounds)
      throw fault("conflict", "rows of this person keep coming in; stop what loads them and ask again");
    await refuseHeld(store, trace.places);
    for (const model of await modelsTrained(erasing, trace.places)) models.set(model.run, model);
    const fresh = await writeSuccessors(erasing, begun, trace);
    destroyed.push(...fresh);
    await store.erasures.plan(id, destroyed, [...models.values()]);
    for (const one of fresh) await buryFor(lake, one, id, now());
  }
  return (await store.erasures.get(id))!;
}

function refuseBlind(agreed: readonly NotSearched[], now: readonly NotSearched[]): void {
  const known = new Set(agreed.map(({ warehouse, dataset }) => JSON.stringify([warehouse, dataset])));
  const blind = now.find(({ warehouse, dataset }) => !known.has(JSON.stringify([warehouse, dataset])));
  if (!blind) return;
  const { warehouse, dataset, why } = blind;
  const what = dataset ?? `the warehouse ${warehouse}`;
  throw fault("unavailable", `${what} can't be searched any more (${why}); the erasure goes on when it can`, blind);
}

const buryFor = (lake: Lake, { pin, successor }: Destroyed, id: string, now: Date) =>
  bury(lake, pin, {
    ...{ at: now.toISOString(), reason: "erased" as const, id },
    successor: successor && parseDatasetRef(successor).version,
  });

/** Refuses what can't be carried out, before anything is written down: a legal hold, cells that nobody classified. */
export async function refuseUndoable(
  { store, evidence }: Pick<Erasing, "store" | "evidence">,
  places: readonly Place[],
  blank: readonly string[],
): Promise<void> {
  await refuseHeld(store, places);
  for (const place of places) if (place.newest && blank.includes(place.dataset)) await blankColumns(evidence, place);
}

/** Refuses where a legal hold keeps a person's rows (`conflict`). */
async function refuseHeld(store: GovernanceStore, places: readonly Place[]): Promise<void> {
  const rules = await store.retention.all();
  for (const { dataset, kind } of places) {
    const hold = heldBy(rules, { name: dataset, kind });
    if (hold)
      throw fault(
        "conflict",
        `${dataset} is under a legal hold (${hold.reason}); lift it with governance.set_retention`,
        {
          dataset,
        },
      );
  }
}

/** Matrices and labels are read by their exact version, so each gets a successor; of anything else the newest does. */
async function writeSuccessors(erasing: Erasing, { blank }: Erasure, { places, marks }: Trace): Promise<Destroyed[]> {
  const { lake, threads, now } = erasing;
  const destroyed: Destroyed[] = [];
  for (const name of new Set(places.map(({ dataset }) => dataset))) {
    const byPin = new Map(places.filter(({ dataset }) => dataset === name).map((place) => [place.pin, place]));
    const own = new Map<DatasetPin, DatasetPin>();
    const newest = (await lake.versions(name)).at(-1)!;
    for (const pin of await lake.versions(name)) {
      const place = byPin.get(pin);
      if (!place) continue;
      let successor: DatasetPin | null = null;
      const readByPin = place.kind === "features" || place.kind === "labels";
      if (place.rows !== null && (readByPin || pin === newest)) {
        const columns = blank.includes(name) ? await blankColumns(erasing.evidence, place) : null;
        const rewriting = { lake, limits: limitsOf(threads), now: now(), blank: columns };
        successor = await rewriteVersion(rewriting, pin, marks.get(name)!);
        own.set(pin, successor);
      }
      destroyed.push({ pin, successor, rows: place.rows, texts: place.texts });
    }
    await restoreNewest(lake, name, own.get(newest) ?? newest, [...own.values()], now());
  }
  return destroyed;
}

/** An older version written anew must not pass for the newest; what was loaded meanwhile stays it. */
async function restoreNewest(lake: Lake, name: string, newest: DatasetPin, written: readonly DatasetPin[], now: Date) {
  const current = await lake.newest(name);
  const pin = current && `${current.name}@${current.version}`;
  if (pin && pin !== newest && written.includes(pin))
    await lake.setNewest(name, parseDatasetRef(newest).version!, now.toISOString());
}

/** Tells an erasure whose rows are gone: takes back the receipts that depended on them, audits, and says so to other agents. */
export async function conclude(
  { store, evidence, now }: Pick<Erasing, "store" | "evidence" | "now">,
  trx: AnyTrx,
  erasure: Erasure,
): Promise<void> {
  const at = now().toISOString();
  if (!(await store.erasures.end(trx, erasure.id, at))) return;
  const pins = erasure.destroyed.map(({ pin }) => pin);
  const receipts = await store.erasures.receiptsOn(trx, pins);
  for (const receipt of receipts)
    await evidence.store.revoke(trx, receipt, `its version was destroyed by ${erasure.id}`);
  await evidence.store.emit(trx, "governance.person_erased", { erasure: erasure.id, pins });
  await evidence.store.audit(trx, {
    id: newId("aud"),
    at,
    what: "governance.person_erased",
    subject: erasure.subject,
    person: erasure.person,
    request: erasure.request,
    step: null,
    data: {
      erasure: erasure.id,
      destroyed: erasure.destroyed,
      ...erasure.elsewhere,
      models: erasure.models.map(({ run, name, version }) => ({ run, name, version })),
      revoked: receipts.length,
    },
    receipts: [],
  });
}

/** An erasure that nobody works on any more after this is taken up again. */
const leftAfterMs = 120_000;

/** Who was looked for and not erased is forgotten after this. */
const forgetAfterMs = 7 * 24 * 3_600_000;

/** Takes up erasures that a crash left in the middle, and forgets who was only looked for. Gives how many came to their end. */
export async function resumeErasures(erasing: Erasing): Promise<number> {
  const { store, evidence, home, now } = erasing;
  let ended = 0;
  const failed: unknown[] = [];
  for (const begun of await store.erasures.open(new Date(now().getTime() - leftAfterMs).toISOString())) {
    try {
      const erasure = await destroyRows(erasing, begun);
      await evidence.store.db.transaction().execute((trx: AnyTrx) => conclude(erasing, trx, erasure));
      await forgetDataSubject(home, erasure.subject);
      ended++;
    } catch (error) {
      // One that waits for its warehouse keeps nobody else waiting.
      failed.push(error);
    }
  }
  const open = await store.erasures.open(now().toISOString());
  await forgetOlder(home, new Date(now().getTime() - forgetAfterMs), new Set(open.map(({ subject }) => subject)));
  if (failed.length > 0) throw failed[0];
  return ended;
}
