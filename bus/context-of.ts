import { sha256 } from "@muster/shared/canonical.ts";
import type { Context } from "./context.ts";
import { emitEvent } from "./event.ts";
import { addLineage } from "./lineage.ts";
import type { Message } from "./message.ts";
import type { Host } from "./perform.ts";
import type { Proof } from "./prove.ts";
import type { Works } from "./works.ts";

/** Makes what a tool's `run` gets beside its input: who asks, what may be put off, and the ways to tell. */
export function contextOf(
  { process, agent }: Host,
  message: Message,
  proof: Proof,
  signal: AbortSignal,
  works: Works,
): Context {
  const { evidence, nats, log, now, config } = process;
  const accepted = proof.accepted?.value as { roles: string[]; purpose: string } | undefined;
  let ids = 0;
  let told = 0;
  const id = (prefix: string) => `${prefix}_${sha256(`${message.key}/${prefix}/${ids++}`).slice(0, 20)}`;
  return {
    request: message.request,
    step: message.step,
    person: proof.accepted?.person ?? null,
    roles: accepted?.roles ?? [],
    purpose: accepted?.purpose ?? null,
    key: message.key,
    attempt: message.attempt,
    signal,
    deadline: message.deadline,
    trace: message.trace,
    now,
    id,
    seed: config.seed,
    log,
    commit: (work) => void works.within.push(work),
    after: (work) => void works.after.push(work),
    value: (fact, value) => void works.values.set(fact, value),
    confirmer: confirmerOf(proof),
    audit: (what, subject, data) =>
      void works.within.push((trx) =>
        evidence.store.audit(trx, {
          id: id("aud"),
          at: now().toISOString(),
          what,
          subject,
          data,
          person: proof.accepted?.person ?? null,
          request: message.request,
          step: message.step,
          receipts: proof.uses,
        }),
      ),
    emit: (pastTense, payload) => {
      works.within.push((trx) => evidence.store.emit(trx, `${agent.name}.${pastTense}`, payload));
      works.after.push(() => emitEvent(nats, agent.name, pastTense, payload));
    },
    lineage: (part) => {
      works.lineage = addLineage(works.lineage, part);
    },
    revoke: (receipt, reason) => void works.within.push((trx) => evidence.store.revoke(trx, receipt, reason)),
    putArtifact: async (bytes, media) => {
      const hash = sha256(bytes);
      await evidence.store.putArtifact(hash, media, bytes);
      return hash;
    },
    getArtifact: evidence.artifact,
    progress: (share, note) => {
      if (Date.now() - told < 250 && share < 1) return;
      told = Date.now();
      emitEvent(nats, agent.name, "progressed", {
        request: message.request,
        step: message.step,
        key: message.key,
        share,
        note,
      });
    },
    shown: proof.shown.map(({ id: receipt, fact, about, at }) => ({ id: receipt, fact, about, at })),
  };
}

function confirmerOf(proof: Proof): Context["confirmer"] {
  const value = proof.shown.find((receipt) => receipt.fact === "person.confirmed")?.value as
    | { person: string; roles: string[] }
    | undefined;
  return value ? { person: value.person, roles: value.roles } : null;
}
