import { canonical, hashOf } from "@muster/shared/canonical.ts";
import { parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import type { Receipt } from "@muster/shared/domain/receipt.ts";
import { type FactName, facts, factType } from "@muster/shared/fact/table.ts";
import { type Fault, fault } from "@muster/shared/fault.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import type { Evidence } from "./evidence.ts";
import type { Message } from "./message.ts";
import type { Need, Tool } from "./tool.ts";

/** What the shown receipts proved: the inputs they fill, what they are jointly about, and who asks. */
export type Proof = {
  filled: Record<string, unknown>;
  about: Record<string, unknown>;
  uses: string[];
  /** Permissions that this step uses up. */
  consumes: string[];
  shown: Receipt[];
  accepted: Receipt | null;
};

/** A receipt that can't be shown for a need, and why. */
type Miss = { fact: string; why: string };

/**
 * Verifies the needs of a tool against the receipts shown: signature, the right giver, expiry, revocation, use, the
 * chain they were derived from, and that all of them are about the same things, which the input may not contradict.
 * Throws `precondition_failed {missing}` naming each fact, or `conflict` where a pinned version isn't the newest.
 */
export async function prove(
  tool: Tool,
  input: Record<string, unknown>,
  message: Message,
  { evidence, lake, now }: { evidence: Evidence; lake: Lake; now: () => Date },
): Promise<Proof> {
  const proof: Proof = { filled: {}, about: {}, uses: [], consumes: [], shown: [], accepted: null };
  if (tool.needs.length === 0) return proof;
  const chain = await evidence.load(message.receipts);
  const spent = new Map((await evidence.store.spent([...chain.keys()])).map((row) => [row.receipt, row.key]));
  const misses: Miss[] = [];
  const usable = (receipt: Receipt, need: Need): string | null => {
    if (Date.parse(receipt.expires ?? "9999-12-31") <= now().getTime()) return "expired";
    if (receipt.verdict === "failed" && need.failed !== "too") return "failed";
    const type = factType(receipt.fact)!;
    if (type.kind === "permission" && receipt.request !== message.request) return "given in another request";
    if (receipt.fact === "person.confirmed" && receipt.about.tool !== message.tool) return "it confirms another tool";
    if (type.consumed && spent.has(receipt.id) && spent.get(receipt.id) !== message.key) return "already used";
    return standing(receipt, chain, spent);
  };

  const known: Record<string, unknown> = message.request === null ? {} : { request: message.request };
  for (const { of, from = of } of tool.needs) if (of && from && input[from] !== undefined) known[of] = input[from];
  for (const need of tool.needs.filter((n) => !n.each)) {
    const found = pick(need, message.receipts, chain, known, usable);
    if (typeof found === "string") {
      if (!need.optional) misses.push({ fact: need.is, why: found });
      else if (need.as) proof.filled[need.as] = null;
      continue;
    }
    Object.assign(known, joinable(found, need));
    await take(proof, found, need, evidence);
  }
  for (const need of tool.needs.filter((n) => n.each)) {
    const list = proof.shown.find((receipt) => receipt.fact === need.each);
    const members = list && facts[need.each as FactName].members;
    if (!list || !members) {
      misses.push({ fact: need.is, why: `no ${need.each} to name its members` });
      continue;
    }
    const values = [];
    const key = factType(need.is)!.about[0]!;
    // biome-ignore lint/suspicious/noExplicitAny: the table's members functions each take their own value
    for (const member of (members as (value: any) => string[])(await evidence.value(list))) {
      const found = pick({ ...need, of: key }, message.receipts, chain, { ...known, [key]: member }, usable);
      if (typeof found === "string") misses.push({ fact: `${need.is} of ${member}`, why: found });
      else {
        values.push({ member, verdict: found.verdict, value: await evidence.value(found) });
        remember(proof, found);
      }
    }
    if (need.as) proof.filled[need.as] = values;
  }
  if (misses.length > 0) throw missing(tool, misses);
  if (tool.confirmedBy.length > 0) confirmed(tool, proof, message);
  proof.about = known;
  if (typeof tool.fresh === "function" ? tool.fresh(input) : tool.fresh) await stillNewest(proof, lake);
  return proof;
}

/** Whether a receipt and everything it was derived from still stand. */
function standing(receipt: Receipt, chain: Map<string, Receipt>, spent: Map<string, string | null>): string | null {
  const open = [receipt];
  const seen = new Set<string>();
  while (open.length > 0) {
    const one = open.pop()!;
    if (seen.has(one.id)) continue;
    seen.add(one.id);
    if (spent.has(one.id) && spent.get(one.id) === null)
      return one === receipt ? "revoked" : `derived from a revoked ${one.fact}`;
    for (const used of one.uses) {
      const next = chain.get(used);
      if (!next) return "derived from a receipt that can't be verified";
      open.push(next);
    }
  }
  return null;
}

/** The first shown receipt that answers the need and agrees with what is already known; otherwise why none does. */
function pick(
  need: Need,
  shown: readonly string[],
  chain: Map<string, Receipt>,
  known: Record<string, unknown>,
  usable: (receipt: Receipt, need: Need) => string | null,
): Receipt | string {
  let why = "not shown, or not signed by one who may give it";
  for (const id of shown) {
    const receipt = chain.get(id);
    if (receipt?.fact !== need.is) continue;
    if (need.role && receipt.about[need.role] === undefined) continue;
    const bound = joinable(receipt, need);
    const off = Object.keys(bound).find((key) => key in known && canonical(known[key]) !== canonical(bound[key]));
    if (off) {
      why = `about another ${off}`;
      continue;
    }
    const reason = usable(receipt, need);
    if (reason === null) return receipt;
    why = reason;
  }
  return why;
}

/** The keys by which a receipt binds the others. Who confirms may be another than who asked. */
const joinable = (receipt: Receipt, need: Need): Record<string, unknown> =>
  need.is === "person.confirmed" ? {} : receipt.about;

function remember(proof: Proof, receipt: Receipt): void {
  proof.shown.push(receipt);
  proof.uses.push(receipt.id);
  if (factType(receipt.fact)!.consumed) proof.consumes.push(receipt.id);
}

async function take(proof: Proof, receipt: Receipt, need: Need, evidence: Evidence): Promise<void> {
  remember(proof, receipt);
  if (need.is === "request.accepted") proof.accepted = receipt;
  if (need.as) proof.filled[need.as] = await evidence.value(receipt);
}

/** A door's signature over this tool and exactly these arguments, by someone with one of the roles. */
function confirmed(tool: Tool, proof: Proof, message: Message): void {
  const receipt = proof.shown.find((r) => r.fact === "person.confirmed")!;
  const value = receipt.value as { roles: string[] };
  if (receipt.about.tool !== message.tool || receipt.about.arguments !== hashOf(message.input))
    throw missing(tool, [{ fact: "person.confirmed", why: "it confirms another tool or other arguments" }]);
  if (!tool.confirmedBy.some((role) => value.roles.includes(role)))
    throw fault(
      "denied",
      `${tool.name} wants one of the roles ${tool.confirmedBy.join(", ")}; ask somebody who has it`,
    );
}

async function stillNewest(proof: Proof, lake: Lake): Promise<void> {
  const pins = new Set<string>();
  for (const receipt of proof.shown)
    for (const key of ["scope", "dataset"]) {
      const value = receipt.about[key];
      for (const pin of Array.isArray(value) ? value : [value])
        if (typeof pin === "string" && pin.includes("@")) pins.add(pin);
    }
  for (const pin of pins)
    if (!(await lake.isNewest(pin)))
      throw fault("conflict", `${parseDatasetRef(pin).name} changed since it was checked; ask again`, {
        dataset: parseDatasetRef(pin).name,
      });
}

function missing(tool: Tool, misses: Miss[]): Fault {
  const list = misses.map((miss) => `${miss.fact} (${miss.why})`).join(", ");
  return fault("precondition_failed", `${tool.name} needs ${list}; ask through the planner, which gathers them`, {
    missing: misses.map((miss) => miss.fact),
    why: misses,
  });
}
