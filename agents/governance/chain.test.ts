import type { AuditEvent, ChainEntry, ChainHead } from "@muster/shared/domain/audit-event.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { describe, expect, it } from "vitest";
import { genesis, headOf, seal, verify } from "./chain.ts";

const event = (n: number): AuditEvent => ({
  id: `evt_${n}`,
  seq: null,
  at: new Date(Date.UTC(2026, 5, 1) + n * 1000).toISOString(),
  by: "governance",
  person: n % 3 === 0 ? "person_1" : null,
  request: `req_${n % 5}`,
  step: `s${n}`,
  what: "training.cleared",
  subject: `dataset_${n % 4}`,
  data: { rows: n, columns: ["a", "b"] },
  receipts: [`rcp_${n}`],
});

type Chain = { entries: ChainEntry[]; events: AuditEvent[] };
/** A chain sealed in batches, as the agent does it. */
function chainOf(length: number): Chain & { anchor: ChainHead } {
  const events = Array.from({ length }, (_, n) => event(n));
  const entries: ChainEntry[] = [];
  for (let at = 0; at < length; at += 7) entries.push(...seal(headOf(entries), events.slice(at, at + 7)));
  return { entries, events: events.map((e, i) => ({ ...e, seq: i + 1 })), anchor: headOf(entries) };
}
const swap = <T>(list: T[], i: number, j: number): T[] =>
  list.map((item, at) => (at === i ? list[j]! : at === j ? list[i]! : item));
const resealed = (events: AuditEvent[]): Chain => ({
  entries: seal(genesis, events),
  events: events.map((e, i) => ({ ...e, seq: i + 1 })),
});

/** Five ways to tamper, each done naively and with everything in the database made to fit (all hashes anew). */
const tamperings: Record<string, (chain: Chain, at: number, thorough: boolean) => Chain> = {
  edit: ({ entries, events }, at, thorough) => {
    const changed = events.map((e, i) => (i === at ? { ...e, data: { ...e.data, rows: -1 } } : e));
    return thorough ? resealed(changed) : { entries, events: changed };
  },
  delete: ({ entries, events }, at, thorough) => {
    const rest = events.filter((_, i) => i !== at);
    return thorough ? resealed(rest) : { entries: entries.filter((_, i) => i !== at), events: rest };
  },
  insert: ({ entries, events }, at, thorough) => {
    const more = [...events.slice(0, at), { ...event(999), seq: at + 1 }, ...events.slice(at)];
    if (thorough) return resealed(more);
    const forged = seal(headOf(entries.slice(0, at)), [event(999)]);
    return { entries: [...entries.slice(0, at), ...forged, ...entries.slice(at)], events: more };
  },
  reorder: ({ entries, events }, at, thorough) => {
    const other = (at + 1) % events.length;
    const swapped = swap(events, at, other).map((e, i) => ({ ...e, seq: i + 1 }));
    return thorough ? resealed(swapped) : { entries: swap(entries, at, other), events: swapped };
  },
  "cut the tail": ({ entries, events }, at, thorough) => ({
    entries: entries.slice(0, at),
    // Thorough: the events stay, as if not yet sealed.
    events: thorough ? events.map((e, i) => (i < at ? e : { ...e, seq: null })) : events.slice(0, at),
  }),
};

describe("a chain with an anchor", () => {
  it("verifies, also with newer entries than the anchor and an unsealed tail", () => {
    const { entries, events } = chainOf(50);
    const anchor = headOf(entries.slice(0, 30));
    const verdict = verify(entries, [...events, event(50), event(51)], [anchor]);
    expect(verdict).toEqual({
      ok: true,
      events: 50,
      unsealed: 2,
      head: headOf(entries),
      firstBad: null,
      reason: null,
    });
  });
  it("verifies when empty, and in parts", () => {
    expect(verify([], [], [])).toMatchObject({ ok: true, events: 0, head: genesis });
    const { entries, events, anchor } = chainOf(40);
    const before = headOf(entries.slice(0, 25));
    expect(verify(entries.slice(25), events.slice(25), [anchor], before)).toMatchObject({ ok: true, events: 15 });
  });
  it("seals the same in one batch and in many", () => {
    const { entries, events } = chainOf(20);
    expect(seal(genesis, events)).toEqual(entries);
  });

  it("finds 60 of 60 tamperings", () => {
    const random = seededRandom(2026);
    let found = 0;
    for (const tamper of Object.values(tamperings))
      for (let n = 0; n < 12; n++) {
        const { anchor, ...chain } = chainOf(30 + Math.floor(random() * 30));
        const at = Math.floor(random() * chain.events.length);
        const tampered = tamper(chain, at, n % 2 === 1);
        const verdict = verify(tampered.entries, tampered.events, [anchor]);
        if (!verdict.ok && verdict.firstBad !== null) found += 1;
      }
    expect(found).toBe(60);
  });

  it.each(Object.keys(tamperings))("names the first bad place: %s", (kind) => {
    const { anchor, ...chain } = chainOf(20);
    const { entries, events } = tamperings[kind]!(chain, 11, false);
    expect(verify(entries, events, [anchor])).toMatchObject({ ok: false, firstBad: 12, events: 11 });
  });

  it("finds an event that claims a place no entry seals", () => {
    const { entries, events, anchor } = chainOf(10);
    expect(verify(entries, [...events, { ...event(10), seq: 11 }], [anchor])).toMatchObject({
      ok: false,
      firstBad: 11,
    });
    expect(verify(entries, [...events, { ...event(10), seq: 4 }], [anchor])).toMatchObject({ ok: false });
  });
  it("finds a tail from another chain put behind the anchor", () => {
    const { entries, events } = chainOf(20);
    const other = seal({ seq: 12, hash: "f".repeat(64) }, events.slice(12));
    const anchor = headOf(entries.slice(0, 12));
    expect(verify([...entries.slice(0, 12), ...other], events, [anchor])).toMatchObject({ ok: false, firstBad: 13 });
  });
  it("finds one changed character in any field", () => {
    const { entries, events, anchor } = chainOf(5);
    for (const field of ["id", "by", "what", "subject", "at"] as const) {
      const changed = events.map((e, i) => (i === 2 ? { ...e, [field]: `${e[field]}x` } : e));
      expect(verify(entries, changed, [anchor])).toMatchObject({ ok: false, firstBad: 3 });
    }
  });
});

it("cannot see a cut tail without an anchor: that is what anchors are for", () => {
  const { entries, events } = chainOf(20);
  expect(verify(entries.slice(0, 11), events.slice(0, 11), []).ok).toBe(true);
});
