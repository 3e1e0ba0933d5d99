import { canonical, hashOf, sha256 } from "@muster/shared/canonical.ts";
import { Receipt } from "@muster/shared/domain/receipt.ts";
import { type FactName, type FactValue, factType, mayGive } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import type { AnyTrx } from "./context.ts";
import type { Identity } from "./identity.ts";
import { randomBytes } from "./random-bytes.ts";
import type { EvidenceStore, StoredReceipt } from "./store.ts";

/** A value above this many bytes of JSON is kept as an artifact, by hash. */
const inlineBytes = 16 * 1024;

/** What is signed: a receipt's parts that its giver states. */
export type Statement = {
  id: string;
  fact: FactName;
  about: Record<string, unknown>;
  value: unknown;
  verdict: "passed" | "failed";
  request: string | null;
  person: string | null;
  uses: string[];
};

/** The evidence as one process sees it: what it may sign, and what it believes of others. */
export type Evidence = ReturnType<typeof evidence>;

/** Opens the evidence. Verified receipts are cached by id: they never change; expiry and revocation are asked each time. */
export function evidence({ identity, store, now }: { identity: Identity; store: EvidenceStore; now: () => Date }) {
  const verified = new Map<string, Receipt>();

  /** The receipt if its signature is its giver's and that giver may give the fact; null otherwise. */
  function believe(stored: StoredReceipt): Receipt | null {
    const held = verified.get(stored.id);
    if (held) return held;
    const parsed = Receipt.safeParse({ ...(JSON.parse(stored.document) as object), signature: stored.signature });
    if (!parsed.success) return null;
    const receipt = parsed.data;
    const type = factType(receipt.fact);
    if (receipt.id !== stored.id || !type || !mayGive(receipt.by, type)) return null;
    if (receipt.subject !== hashOf(receipt.about)) return null;
    if (!identity.verify(receipt.by, stored.document, stored.signature)) return null;
    if (verified.size > 20_000) verified.clear();
    verified.set(receipt.id, receipt);
    return receipt;
  }

  /** Believed receipts by id, with everything they were derived from; an unknown or forged one is left out. */
  async function load(ids: readonly string[]): Promise<Map<string, Receipt>> {
    const found = new Map<string, Receipt>();
    let open = [...new Set(ids)];
    while (open.length > 0) {
      const unseen = open.filter((id) => !verified.has(id));
      for (const stored of unseen.length ? await store.receipts(unseen) : []) believe(stored);
      const next = new Set<string>();
      for (const id of open) {
        const receipt = verified.get(id);
        if (!receipt) continue;
        found.set(id, receipt);
        for (const used of receipt.uses) if (!found.has(used)) next.add(used);
      }
      open = [...next];
    }
    return found;
  }

  /** Bytes of an artifact; `not_found` without one, `internal` where they don't have their hash. */
  async function artifact(hash: string): Promise<Uint8Array> {
    const held = await store.getArtifact(hash);
    if (!held) throw fault("not_found", `no artifact ${hash}`);
    if (sha256(held.bytes) !== hash) throw fault("internal", `artifact ${hash} is damaged`);
    return held.bytes;
  }

  return {
    store,
    load,
    artifact,
    believe,

    /** The value of a receipt, fetched where it is kept as an artifact. */
    async value<F extends FactName>(receipt: Receipt): Promise<FactValue<F>> {
      const value = receipt.value as { $artifact?: string } | null;
      if (value && typeof value === "object" && typeof value.$artifact === "string")
        return JSON.parse(Buffer.from(await artifact(value.$artifact)).toString("utf8")) as FactValue<F>;
      return receipt.value as FactValue<F>;
    },

    /** The newest standing receipt of a fact about something, believed; null without one. */
    async newest(fact: FactName, about: Record<string, unknown>): Promise<Receipt | null> {
      const stored = await store.newest(fact, about);
      return stored ? believe(stored) : null;
    },

    /** Every standing receipt of a fact about something, believed, newest first. */
    async standing(fact: FactName, about: Record<string, unknown>, limit?: number): Promise<Receipt[]> {
      return (await store.standing(fact, about, limit)).map(believe).filter((r) => r !== null);
    },

    /** Every standing receipt about something, of whatever fact, believed, oldest first. */
    async standingAbout(about: Record<string, unknown>): Promise<Receipt[]> {
      return (await store.standingAbout(about)).map(believe).filter((r) => r !== null);
    },

    /** What was given in a request, believed, oldest first. */
    async ofRequest(request: string): Promise<Receipt[]> {
      return (await store.ofRequest(request)).map(believe).filter((r) => r !== null);
    },

    /** Signs a statement as this process; the value is checked against the fact's type (`broken_contract`). */
    async sign(statement: Statement): Promise<{ receipt: Receipt; document: string }> {
      const type = factType(statement.fact);
      if (!type) throw fault("broken_contract", `there is no fact ${statement.fact}`);
      const parsed = type.value.safeParse(statement.value);
      if (!parsed.success)
        throw fault("broken_contract", `${statement.fact}: its value doesn't fit its type`, {
          paths: parsed.error.issues.slice(0, 5).map((issue) => `${issue.path.join(".")}: ${issue.code}`),
        });
      let value: unknown = parsed.data;
      const text = canonical(value);
      if (Buffer.byteLength(text) > inlineBytes) {
        const hash = sha256(text);
        await store.putArtifact(hash, "application/json", Buffer.from(text));
        value = { $artifact: hash };
      }
      const at = now();
      const body = {
        ...statement,
        value,
        subject: hashOf(statement.about),
        by: identity.name,
        at: at.toISOString(),
        expires: type.ttlMs === null ? null : new Date(at.getTime() + type.ttlMs).toISOString(),
      };
      const document = canonical(body);
      return { receipt: { ...body, signature: identity.sign(document) }, document };
    },

    /** Signs and stores a statement at once: what a door does with what a person asked or confirmed. */
    async give(statement: Omit<Statement, "id"> & { id?: string }, trx?: AnyTrx): Promise<Receipt> {
      const signed = await this.sign({ ...statement, id: statement.id ?? newId("rcp") });
      await store.give(trx ?? store.db, signed.receipt, signed.document);
      return signed.receipt;
    },
  };
}

/** A random id with a readable prefix: `rcp_…`. */
export const newId = (prefix: string): string =>
  `${prefix}_${randomBytes(12).toString("base64url").replaceAll(/[-_]/g, "0")}`;
