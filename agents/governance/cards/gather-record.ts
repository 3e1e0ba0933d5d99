import type { Evidence } from "@muster/bus/evidence.ts";
import type { Receipt } from "@muster/shared/domain/receipt.ts";
import type { FactName, FactValue } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import type { Approval } from "../approvals/store.ts";
import { derivation } from "../audit/live-from.ts";
import type { TrailEvent } from "../audit/store.ts";
import type { DecisionRow } from "../decisions/store.ts";
import type { GovernanceStore } from "../store.ts";
import type { RecordEntry } from "./card.ts";

/** Everything on record of one model version. `of` gives the value of the newest receipt of a fact, null without one. */
export type ModelRecord = {
  registered: FactValue<"model.registered">;
  receipts: Receipt[];
  of: (fact: FactName, kind?: "value" | "receipt") => RecordEntry | null;
  all: (fact: FactName) => RecordEntry[];
  decisions: DecisionRow[];
  approvals: Approval[];
  spent: TrailEvent[];
};

type Deps = { evidence: Evidence; store: Pick<GovernanceStore, "decisions" | "approvals" | "audit"> };

/** Facts about a model that nothing of its registration was derived from. */
const later = [
  "model.explained",
  "model.fairness",
  "deployment.cleared",
  "deployment.live",
  "monitoring.started",
  "drift.checked",
] as const;

/** The newest version of a model name, or the one asked for. `not_found` where nothing is registered so. */
async function registeredAs(evidence: Evidence, name: string, version: number | undefined) {
  const found: { receipt: Receipt; value: FactValue<"model.registered"> }[] = [];
  for (const receipt of await evidence.standing("model.registered", {}, 10_000)) {
    const value = (await evidence.value(receipt)) as FactValue<"model.registered">;
    if (value.name === name && (version === undefined || value.version === version)) found.push({ receipt, value });
  }
  const [newest] = found.sort((a, b) => b.value.version - a.value.version || (a.receipt.at < b.receipt.at ? 1 : -1));
  if (newest) return newest;
  const which = version === undefined ? name : `${name} version ${version}`;
  throw fault("not_found", `no model is registered as ${which}; see npx muster models`);
}

/** Gathers the record of a model version: what it was derived from, what was decided, approved, spent and watched since. */
export async function gatherRecord({ evidence, store }: Deps, name: string, version?: number): Promise<ModelRecord> {
  const { receipt, value: registered } = await registeredAs(evidence, name, version);
  const about = { model: registered.hash };
  const since = (await Promise.all(later.map((fact) => evidence.standing(fact, about, 20)))).flat();
  const chain = await evidence.load([receipt.id, ...since.map(({ id }) => id)]);
  const known = new Map(
    [receipt, ...since].flatMap(({ id }) => derivation(chain, id)).map((one) => [one.id, one] as const),
  );
  // What a step didn't need it doesn't use: profiles, clearances and checks of the request stand beside.
  const beside = receipt.request === null ? [] : await evidence.ofRequest(receipt.request);
  for (const one of beside) known.set(one.id, one);
  const receipts = [...known.values()].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const values = new Map<string, unknown>();
  for (const one of receipts) values.set(one.id, await evidence.value(one));
  const fit = (one: Receipt) => one.about.model === undefined || one.about.model === registered.hash;
  const entry = (one: Receipt, kind: "value" | "receipt"): RecordEntry => ({
    ...{ kind, id: one.id },
    body: kind === "value" ? values.get(one.id) : { ...one, value: null },
  });
  const requests = [...new Set(receipts.filter(fit).map(({ request }) => request))].filter((id) => id !== null);
  const run = receipts.findLast(({ fact }) => fact === "run.finished");
  const runId = run ? (values.get(run.id) as FactValue<"run.finished">).run : null;
  return {
    ...{ registered, receipts },
    of: (fact, kind = "value") => {
      const found = fact === "model.registered" ? receipt : receipts.findLast((one) => one.fact === fact && fit(one));
      return found ? entry(found, kind) : null;
    },
    all: (fact) => receipts.filter((one) => one.fact === fact && fit(one)).map((one) => entry(one, "value")),
    decisions: (await Promise.all(requests.map(store.decisions.of))).flat(),
    approvals: (await Promise.all(requests.map(store.approvals.of))).flat(),
    spent: runId === null ? [] : await store.audit.settled(runId),
  };
}
