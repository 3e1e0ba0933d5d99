import { call } from "@muster/bus/call.ts";
import { newId } from "@muster/bus/evidence.ts";
import { request, smallestInput } from "@muster/bus/testing.ts";
import type { Need, Tool } from "@muster/bus/tool.ts";
import { Fault } from "@muster/shared/fault.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { badReceipt, flawsOf, goodReceipt } from "../support/bad-receipts.ts";
import { randomInput } from "../support/random-json.ts";
import { type Company, findAgents, openCompany } from "../support/stage.ts";

const agents = await findAgents();
const calls = 2400;
const evidenceTables = ["result", "outbox", "job", "artifact"];

type Target = {
  agent: string;
  tool: Tool;
  input: Record<string, unknown>;
  /** Receipts a need: good ones, and bad ones by their flaw. */
  held: { need: Need; good: string; bad: { flaw: string; id: string | null }[] }[];
};

describe("a planner that was taken over", () => {
  let company: Company;
  const ran: string[] = [];
  const targets: Target[] = [];

  beforeAll(async () => {
    company = await openCompany(agents);
    for (const one of agents)
      for (const tool of one.tools) {
        const input = smallestInput(tool, company.pin);
        const on = { agent: one.name, tool, input };
        company.stages.get(one.name)!.play(tool.name, () => {
          ran.push(`${one.name}.${tool.name}`);
          throw new Error("it ran");
        });
        const held = [];
        for (const need of tool.needs.filter(({ optional }) => !optional)) {
          const bad = [];
          for (const flaw of flawsOf(need)) bad.push({ flaw, id: await badReceipt(flaw, need, on, company) });
          held.push({ need, good: await goodReceipt(need, on, company), bad });
        }
        if (held.length > 0) targets.push({ ...on, held });
      }
  });
  afterAll(() => company?.stop());

  const rows = async () => {
    const { pool } = company.processes.get("planner")!;
    const counts: Record<string, number> = {};
    for (const table of ["receipt", "audit_event", "consumption", ...evidenceTables])
      counts[table] = (await pool.query<{ n: number }>(`select count(*) as n from evidence.${table}`)).rows[0]!.n;
    return counts;
  };
  const ask = ({ agent, tool }: Target, input: Record<string, unknown>, receipts: string[], as: string | null) =>
    call(company.processes.get("planner")!, {
      ...{ tool: `${agent}.${tool.name}`, input, receipts, request: as, key: newId("k") },
      ...{ deadline: Date.now() + 20_000, patienceMs: 0 },
    });

  test(`${calls} calls with receipts missing, forged, expired, revoked, failed, foreign or used have no effect`, async () => {
    const random = seededRandom(7);
    const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const everything = targets.flatMap(({ held }) =>
      held.flatMap(({ good, bad }) => [good, ...bad.map(({ id }) => id)]),
    );
    const before = await rows();
    const codes = new Map<string, number>();
    const attack = async () => {
      const target = one(targets);
      // One need is met by nothing good; all others by whatever helps the attacker, and noise beside it.
      const withheld = one(target.held);
      const flaw = one(withheld.bad);
      const foreign = new Set([withheld.good]);
      const noise = Array.from({ length: Math.floor(random() * 12) }, () => one(everything));
      const sameNeed = targets.flatMap(({ held }) =>
        held.filter(({ need }) => need.is === withheld.need.is).map(({ good }) => good),
      );
      for (const id of sameNeed) foreign.add(id);
      const shown = [
        ...target.held.filter((held) => held !== withheld).map(({ good }) => good),
        flaw.id,
        ...noise,
      ].filter((id): id is string => id !== null && !foreign.has(id));
      const input = random() < 0.6 ? target.input : randomInput(random, target.tool);
      const as = random() < 0.8 ? request : one([null, "req_nobody"]);
      const came = await ask(target, input, shown, as).then(
        () => "answered",
        (error: unknown) => (error instanceof Fault ? error.code : String(error)),
      );
      codes.set(came, (codes.get(came) ?? 0) + 1);
    };
    let left = calls;
    await Promise.all(
      Array.from({ length: 16 }, async () => {
        while (left-- > 0) await attack();
      }),
    );
    expect(ran).toEqual([]);
    expect(await rows()).toEqual(before);
    // Nothing but refusals, and most of them for want of evidence: the attack reached the gates.
    expect([...codes.keys()].sort()).toEqual(["invalid_input", "not_found", "precondition_failed"]);
    expect(codes.get("precondition_failed")!).toBeGreaterThan(calls / 2);
  });

  test("with good receipts for every need each of those tools does run, so that it was the evidence that kept them", async () => {
    for (const target of targets) {
      ran.length = 0;
      const shown = target.held.map(({ good }) => good);
      await expect(ask(target, target.input, shown, request), target.tool.name).rejects.toMatchObject({
        code: "internal",
      });
      expect(ran).toEqual([`${target.agent}.${target.tool.name}`]);
    }
  });
});
