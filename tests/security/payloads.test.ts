import type { Process } from "@muster/bus/process.ts";
import { headersOf, smallestInput } from "@muster/bus/testing.ts";
import { faultCodes } from "@muster/shared/fault.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomInput } from "../support/random-json.ts";
import { type Company, findAgents, openCompany } from "../support/stage.ts";

const agents = await findAgents();
const tools = agents.flatMap((agent) => agent.tools.map((tool) => ({ agent: agent.name, tool })));
const messages = 2000;
const largest = 256 * 1024;

/** Bodies that no tool should run on, by a seeded draw. */
function body(random: () => number, tool: (typeof tools)[number]["tool"], pin: string): Uint8Array {
  const text = (value: string) => new TextEncoder().encode(value);
  const nested = (open: string, close: string, depth: number) => `${open.repeat(depth)}1${close.repeat(depth)}`;
  const deep = Math.floor(random() * 20_000);
  const valid = JSON.stringify(smallestInput(tool, pin));
  switch (Math.floor(random() * 9)) {
    case 0:
      return Uint8Array.from({ length: Math.floor(random() * 2000) }, () => Math.floor(random() * 256));
    case 1:
      return text(valid.slice(0, 1 + Math.floor(random() * (valid.length - 1))));
    case 2:
      return text(nested("[", "]", deep));
    case 3:
      return text(`{"${Object.keys(tool.input.shape)[0] ?? "x"}":${nested('{"a":', "}", deep)}}`);
    case 4:
      return text(JSON.stringify({ x: "a".repeat(largest - 4000) }));
    case 5:
      return text(["null", "5", '"text"', "[]", "true", "[{}]", "{}{}", "NaN"][Math.floor(random() * 8)]!);
    case 6:
      return text('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
    case 7:
      return text(JSON.stringify({ ...randomInput(random, tool), one_key_too_many: deep }));
    default:
      return text(`{"x":${"9".repeat(1 + (deep % 400))}e${deep}}`);
  }
}

describe("what comes in on the bus", () => {
  let company: Company;
  let door: Process;
  const ran: string[] = [];

  beforeAll(async () => {
    company = await openCompany(agents);
    door = company.processes.get("gateway")!;
    for (const { agent, tool } of tools)
      company.stages.get(agent)!.play(tool.name, () => {
        ran.push(`${agent}.${tool.name}`);
        throw new Error("it ran");
      });
  });
  afterAll(() => company?.stop());

  const rows = async () =>
    (
      await door.pool.query<{ n: number }>(
        "select (select count(*) from evidence.result) + (select count(*) from evidence.job) + (select count(*) from evidence.outbox) + (select count(*) from evidence.audit_event) as n",
      )
    ).rows[0]!.n;

  test(`${messages} malformed bodies get a clear refusal: no crash, no run, no effect`, async () => {
    const random = seededRandom(11);
    const before = await rows();
    const codes = new Set<string>();
    for (let i = 0; i < messages; i++) {
      const { agent, tool } = tools[Math.floor(random() * tools.length)]!;
      const answer = await door.nats.request(`muster.${agent}.${tool.name}`, body(random, tool, company.pin), {
        timeout: 10_000,
      });
      const { code, message } = answer.json<{ code: string; message: string }>();
      codes.add(code);
      expect(message).toEqual(expect.any(String));
    }
    expect(codes).toContain("invalid_input");
    // A draw may hit a body that a tool reads, such as {} where nothing is required: that one stops at what it needs.
    codes.delete("precondition_failed");
    expect([...codes]).toEqual(["invalid_input"]);
    expect(ran).toEqual([]);
    expect(await rows()).toBe(before);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test.each([10, 1000, 20_000])(
    "arguments %i deep where anything may stand are refused or read, not stumbled over",
    async (depth) => {
      const text = `{"text":"x","arguments":{"a":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}}}`;
      const answer = await door.nats.request("muster.planner.ask", text, { timeout: 10_000 });
      expect(answer.json<{ code: string }>().code).toBe(depth > 64 ? "invalid_input" : "precondition_failed");
    },
  );

  test("odd headers get a code of the table, and every agent answers afterwards", async () => {
    const odd = ["", "0", "-1", "NaN", "1e400", "x".repeat(3000), "a,b,,;'--", "☃", "00-ff-zz-01", `${Date.now()}`];
    const names = ["Request", "Step", "Attempt", "Deadline", "Key", "Receipts"].map((name) => `Muster-${name}`);
    const random = seededRandom(13);
    const gated = tools.filter(({ tool }) => tool.needs.some(({ optional }) => !optional));
    for (let i = 0; i < 400; i++) {
      const { agent, tool } = gated[Math.floor(random() * gated.length)]!;
      const h: Record<string, string> = {};
      for (const name of [...names, "traceparent"])
        if (random() < 0.6) h[name] = odd[Math.floor(random() * odd.length)]!;
      const answer = await door.nats.request(
        `muster.${agent}.${tool.name}`,
        JSON.stringify(smallestInput(tool, company.pin)),
        {
          timeout: 10_000,
          headers: headersOf(h),
        },
      );
      expect(Object.keys(faultCodes)).toContain(answer.json<{ code: string }>().code);
      expect(answer.json<{ code: string }>().code).not.toBe("internal");
    }
    expect(ran).toEqual([]);
    for (const { name } of agents)
      expect((await door.nats.request(`$SRV.PING.${name}`, "", { timeout: 5000 })).json()).toMatchObject({ name });
  });
});
