import type { Evidence } from "@muster/bus/evidence.ts";
import { canonical } from "@muster/shared/canonical.ts";
import type { Receipt } from "@muster/shared/domain/receipt.ts";
import type { Goal } from "@muster/shared/domain/request.ts";
import { type FactName, type FactValue, facts, factType } from "@muster/shared/fact/table.ts";
import type { Facts } from "./answer/facts.ts";
import type { Held } from "./plan.ts";

/** The evidence a plan is made from: what this request gave, and what still stands about the same things. */
export type Gathered = { held: Held[]; receipts: Map<string, Receipt> };

/**
 * Gathers it: the request's own receipts, then the standing ones about its problem and scope, about each pinned dataset,
 * and about what goals name (a deployment, a dataset, the problem and scope that they stand on). What stands about another problem is never looked at.
 */
export async function gather(
  evidence: Evidence,
  request: string,
  goals: readonly Goal[],
  args: Record<string, unknown>,
): Promise<Gathered> {
  const receipts = new Map<string, Receipt>();
  const add = (list: readonly Receipt[]) => {
    for (const receipt of list) receipts.set(receipt.id, receipt);
  };
  const own = (await evidence.ofRequest(request)).reverse();
  add(own);
  const problem = own.find((receipt) => receipt.fact === "problem.defined");
  const scope = own.find((receipt) => receipt.fact === "scope.pinned");
  if (problem && scope) {
    add((await evidence.standingAbout({ problem: problem.about.problem, scope: scope.about.scope })).reverse());
    const about = await evidence.standingAbout({ problem: problem.about.problem });
    add(about.filter((receipt) => receipt.about.scope === undefined).reverse());
    for (const pin of facts["scope.pinned"].members!(
      (await evidence.value<"scope.pinned">(scope)) as FactValue<"scope.pinned">,
    ))
      add((await evidence.standingAbout({ dataset: pin })).reverse());
  }
  for (const { on } of goals)
    if (typeof on?.problem === "string" && Array.isArray(on.scope)) {
      add((await evidence.standingAbout({ problem: on.problem, scope: on.scope })).reverse());
      const about = await evidence.standingAbout({ problem: on.problem });
      add(about.filter((receipt) => receipt.about.scope === undefined).reverse());
    }
  for (const of of [...goals.map((goal) => goal.of ?? {}), args])
    for (const key of ["deployment", "dataset"])
      if (typeof of[key] === "string") add((await evidence.standingAbout({ [key]: of[key] })).reverse());
  const given = [...receipts.values()].filter(wasKept([...receipts.values()], request));
  const held = await Promise.all(
    given.map(async (receipt): Promise<Held> => {
      const members = factType(receipt.fact)?.members;
      return {
        id: receipt.id,
        fact: receipt.fact,
        about: receipt.about,
        verdict: receipt.verdict,
        request: receipt.request,
        ...(members && { members: members(await evidence.value(receipt)) }),
      };
    }),
  );
  return { held: held.filter(usable(request, goals)), receipts };
}

/**
 * What another request tried as an improvement and didn't confirm is nothing to stand on: neither the challenger's view nor
 * what was made of it. A confirmed one stands like any other.
 */
export function wasKept(all: readonly Receipt[], request: string): (receipt: Receipt) => boolean {
  const confirmed = all.filter(({ fact, verdict }) => fact === "improvement.confirmed" && verdict === "passed");
  const kept = new Set(confirmed.map(({ about }) => about.view));
  const tried = all.filter(({ fact }) => fact === "improvement.proposed").map(({ about }) => about.challenger);
  const dropped = new Set(tried.filter((view) => !kept.has(view)));
  return (receipt) => receipt.request === request || !dropped.has(receipt.about.view);
}

/**
 * Another request's permissions never count; neither does its problem: what was asked is understood anew each time, unless a goal
 * says itself which problem and scope it stands on (a version that was trained before).
 */
const usable = (request: string, goals: readonly Goal[]) => (held: Held) => {
  if (held.request === request) return true;
  if (held.fact !== "problem.defined" && held.fact !== "scope.pinned")
    return factType(held.fact)?.kind !== "permission";
  return goals.some(({ on }) =>
    Object.entries(held.about).every(([key, value]) => canonical(on?.[key] ?? null) === canonical(value)),
  );
};

/** Facts by name with their values, and the request that gave each. */
export type Gleaned = { facts: Facts; requests: Partial<Record<FactName, string>> };

/** Reads the values of the facts that an answer is made of: this request's own first, else the standing one that agrees with `anchor`. */
export async function factsFor(
  evidence: Evidence,
  gathered: Gathered,
  anchor: Record<string, unknown>,
): Promise<Gleaned> {
  const facts: Record<string, unknown> = {};
  const requests: Record<string, string> = {};
  const agrees = (about: Record<string, unknown>) =>
    Object.keys(about).every((key) => anchor[key] === undefined || canonical(anchor[key]) === canonical(about[key]));
  for (const held of gathered.held) {
    if (held.fact in facts || !agrees(held.about)) continue;
    facts[held.fact] = await evidence.value(gathered.receipts.get(held.id)!);
    if (held.request) requests[held.fact] = held.request;
  }
  return { facts: facts as Facts, requests };
}
