import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { agent } from "@muster/bus/agent.ts";
import { type Call, call } from "@muster/bus/call.ts";
import type { Context } from "@muster/bus/context.ts";
import { discover } from "@muster/bus/discover.ts";
import { newId } from "@muster/bus/evidence.ts";
import { openJobs, work } from "@muster/bus/job.ts";
import type { Host } from "@muster/bus/perform.ts";
import type { Process } from "@muster/bus/process.ts";
import { serve } from "@muster/bus/serve.ts";
import { tool } from "@muster/bus/tool.ts";
import { canonical, hashOf } from "@muster/shared/canonical.ts";
import { pinOf } from "@muster/shared/domain/dataset.ts";
import { inboxFolder } from "@muster/shared/home.ts";
import { ingest } from "@muster/shared/warehouse/ingest.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Bench, startBench } from "../support/process.ts";

const pin = (name: string, digit: string) => `${name}@${digit.repeat(64)}`;
const passed = (dataset: string) => ({
  dataset,
  checks: [],
  statistics: { evaluated: 1, successful: 1, older: 0 },
  repair: [],
});
let runs = 0;

const check = tool({
  name: "check_dataset",
  does: "Says yes to a dataset.",
  effect: "read",
  input: z.object({ dataset: z.string(), no: z.boolean().default(false) }),
  output: z.object({ dataset: z.string(), no: z.boolean() }),
  gives: [{ is: "quality.passed", of: "dataset", when: (out) => !out.no, value: (out) => passed(out.dataset) }],
  run: async ({ dataset, no }) => {
    runs++;
    return { dataset, no };
  },
});
const gated = tool({
  name: "gated",
  does: "Does something to a dataset that passed.",
  effect: "write",
  fresh: false,
  input: z.object({ dataset: z.string() }),
  output: z.object({ dataset: z.string(), checks: z.number(), person: z.string().nullable() }),
  needs: [{ is: "quality.passed", of: "dataset", as: "passed" }],
  run: async ({ dataset, passed }, { person }: Context) => {
    runs++;
    return { dataset, checks: passed.statistics.evaluated, person };
  },
});
const freshOnly = tool({
  name: "fresh_only",
  does: "Works on the newest version alone, unless it only looks.",
  effect: "write",
  fresh: ({ looks }) => !looks,
  input: z.object({ dataset: z.string(), looks: z.boolean().optional() }),
  output: z.object({ dataset: z.string() }),
  needs: [{ is: "quality.passed", of: "dataset" }],
  run: async ({ dataset }) => ({ dataset }),
});
const slow = tool({
  name: "slow",
  does: "Takes its time.",
  effect: "write",
  long: true,
  fresh: false,
  input: z.object({ steps: z.number() }),
  output: z.object({ done: z.number() }),
  run: async ({ steps }) => ({ done: steps }),
});
const lingers = tool({
  name: "lingers",
  does: "Takes longer than the first delivery is waited for.",
  effect: "write",
  fresh: false,
  input: z.object({ ms: z.number() }),
  output: z.object({ done: z.boolean() }),
  run: async ({ ms }) => {
    runs++;
    await new Promise((resolve) => setTimeout(resolve, ms));
    return { done: true };
  },
});
const throws = tool({
  name: "throws",
  does: "Throws what nobody expects.",
  effect: "read",
  input: z.object({}),
  output: z.object({}),
  run: async () => {
    throw new Error("secret driver text");
  },
});
const breaks = tool({
  name: "breaks",
  does: "Gives what its schema doesn't allow.",
  effect: "read",
  input: z.object({}),
  output: z.object({ n: z.number() }),
  run: async () => ({ n: "text" }) as unknown as { n: number },
});
const confirmedOnly = tool({
  name: "confirmed_only",
  does: "Changes what gates rely on.",
  effect: "write",
  input: z.object({ limit: z.number() }),
  output: z.object({ by: z.string() }),
  confirmedBy: ["admin"],
  run: async (_, { confirmer }: Context) => ({ by: confirmer!.person }),
});

describe("a gated call on real servers", () => {
  let bench: Bench;
  let door: Process;
  let quality: Process;
  let ml: Process;
  const stops: (() => Promise<void>)[] = [];
  const ask = (c: Partial<Call> & Pick<Call, "tool" | "input">) =>
    call(door, { key: newId("k"), deadline: Date.now() + 15_000, request: "req_1", ...c });
  const accept = (request = "req_1", person = "ada") =>
    door.evidence.give({
      fact: "request.accepted",
      about: { request, person, purpose: "analytics" },
      verdict: "passed",
      request,
      person,
      uses: [],
      value: {
        request,
        person,
        roles: ["analyst"],
        purpose: "analytics",
        budgetUsd: null,
        autonomy: "act",
        textHash: "",
        schedule: null,
      },
    });
  const checked = async (dataset: string, input = {}) =>
    (await ask({ tool: "quality.check_dataset", input: { dataset, ...input } })).given[0]!.id;

  beforeAll(async () => {
    bench = await startBench([
      { name: "gateway", kind: "door", of: "gateway", file: "" },
      { name: "quality", kind: "agent", of: "quality", file: "" },
      { name: "ml", kind: "agent", of: "ml", file: "" },
    ]);
    door = await bench.process("gateway");
    quality = await bench.process("quality");
    ml = await bench.process("ml");
    const host = (process: Process, tools: Parameters<typeof agent>[0]["tools"]): Host => ({
      process,
      agent: agent({ name: process.name, does: "A test's agent.", tools, open: async () => ({ deps: {} }) }),
      opened: { deps: {} },
    });
    const mlHost = host(ml, [gated, freshOnly, slow, lingers, throws, breaks, confirmedOnly]);
    const jobs = openJobs(bench.redisUrl, mlHost.agent);
    stops.push(
      await serve(host(quality, [check]), null),
      await serve(mlHost, jobs),
      await work(mlHost, bench.redisUrl),
      jobs.close,
    );
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
    await bench?.stop();
  });

  test("runs when shown what it needs, with the input filled from the signed value", async () => {
    const receipts = [(await accept()).id, await checked(pin("a", "1"))];
    const reply = await ask({ tool: "ml.gated", input: { dataset: pin("a", "1") }, receipts });
    expect(reply.output).toEqual({ dataset: pin("a", "1"), checks: 1, person: "ada" });
  });

  test("names every fact that is missing", async () => {
    await expect(ask({ tool: "ml.gated", input: { dataset: pin("a", "1") } })).rejects.toMatchObject({
      code: "precondition_failed",
      data: { missing: ["request.accepted", "quality.passed"] },
    });
  });

  test("refuses a receipt about another version, a failed one, and one of another person's request", async () => {
    const mine = (await accept()).id;
    const refuse = (receipts: string[]) =>
      expect(ask({ tool: "ml.gated", input: { dataset: pin("a", "1") }, receipts })).rejects.toMatchObject({
        code: "precondition_failed",
      });
    await refuse([mine, await checked(pin("a", "2"))]);
    await refuse([mine, await checked(pin("a", "1"), { no: true })]);
    await refuse([(await accept("req_2")).id, await checked(pin("a", "1"))]);
  });

  test("refuses a forged receipt, whoever wrote it into the table", async () => {
    const about = { dataset: pin("a", "3") };
    await expect(
      ml.evidence.give({
        fact: "quality.passed",
        about,
        verdict: "passed",
        request: null,
        person: null,
        uses: [],
        value: passed(pin("a", "3")),
      }),
    ).rejects.toThrow(/may not give/);
    const signed = await ml.evidence.sign({
      id: "rcp_forged",
      fact: "quality.passed",
      about,
      verdict: "passed",
      request: null,
      person: null,
      uses: [],
      value: passed(pin("a", "3")),
    });
    const forged = { ...signed.receipt, by: "quality" };
    await quality.evidence.store.give(quality.evidence.store.db, forged, JSON.stringify(forged));
    await expect(
      ask({ tool: "ml.gated", input: { dataset: pin("a", "3") }, receipts: [(await accept()).id, "rcp_forged"] }),
    ).rejects.toMatchObject({
      code: "precondition_failed",
    });
  });

  test("refuses a revoked receipt and what was derived from it", async () => {
    const receipt = await checked(pin("b", "1"));
    await quality.evidence.store.revoke(quality.evidence.store.db, receipt, "a test");
    await expect(
      ask({ tool: "ml.gated", input: { dataset: pin("b", "1") }, receipts: [(await accept()).id, receipt] }),
    ).rejects.toMatchObject({
      data: { why: [{ fact: "quality.passed", why: "revoked" }] },
    });
  });

  test("refuses data that changed since they were checked, and takes the version that stands", async () => {
    const load = async (text: string) => {
      mkdirSync(inboxFolder(bench.home), { recursive: true });
      writeFileSync(join(inboxFolder(bench.home), "moving.csv"), text);
      const { name, version } = await ingest({
        lake: ml.lake,
        inbox: inboxFolder(bench.home),
        file: "moving.csv",
        now: new Date(),
      });
      return pinOf(name, version);
    };
    const first = await load("a,b\n1,2\n3,4\n");
    const receipts = [(await accept()).id, await checked(first)];
    expect((await ask({ tool: "ml.fresh_only", input: { dataset: first }, receipts })).output).toEqual({
      dataset: first,
    });
    const second = await load("a,b\n1,2\n3,5\n");
    await expect(ask({ tool: "ml.fresh_only", input: { dataset: first }, receipts })).rejects.toMatchObject({
      code: "conflict",
      message: "moving changed since it was checked; ask again",
    });
    const looks = { tool: "ml.fresh_only", input: { dataset: first, looks: true }, receipts };
    expect((await ask(looks)).output).toEqual({ dataset: first });
    await expect(ask({ tool: "ml.fresh_only", input: { dataset: second }, receipts })).rejects.toMatchObject({
      code: "precondition_failed",
    });
  });

  test("answers a redelivery with the stored result and runs once; another input under the key is a conflict", async () => {
    const receipts = [(await accept()).id, await checked(pin("a", "1"))];
    const before = runs;
    const again = { tool: "ml.gated", input: { dataset: pin("a", "1") }, receipts, key: "twice" };
    const replies = await Promise.all([ask(again), ask(again), ask(again)]);
    expect(new Set(replies.map((reply) => canonical(reply))).size).toBe(1);
    expect(runs - before).toBe(1);
    await expect(ask({ ...again, input: { dataset: pin("a", "2") } })).rejects.toMatchObject({ code: "conflict" });
  });

  test("sends a call again that nobody answered, and the first's result is taken while it is still at work", async () => {
    const receipts = [(await accept()).id];
    const before = runs;
    const reply = await ask({ tool: "ml.lingers", input: { ms: 5500 }, receipts });
    expect(reply.output).toEqual({ done: true });
    expect(runs - before).toBe(1);
  });

  test("long work answers at once, works in a job, and is waited for", async () => {
    const reply = await ask({ tool: "ml.slow", input: { steps: 3 }, receipts: [(await accept()).id] });
    expect(reply.output).toEqual({ done: 3 });
  });

  test("survives a throw and a broken output, and tells neither stack nor driver text", async () => {
    await expect(ask({ tool: "ml.throws", input: {} })).rejects.toMatchObject({
      code: "internal",
      message: expect.not.stringContaining("secret"),
    });
    await expect(ask({ tool: "ml.breaks", input: {} })).rejects.toMatchObject({
      code: "broken_contract",
      data: { paths: ["n: invalid_type"] },
    });
    await expect(ask({ tool: "ml.gated", input: { dataset: 5 } })).rejects.toMatchObject({
      code: "invalid_input",
      data: { issues: [{ path: "dataset" }] },
    });
  });

  test("a confirmation holds for exactly these arguments, by someone with the role", async () => {
    const accepted = (await accept()).id;
    const confirm = (roles: ("admin" | "viewer")[], input: object) =>
      door.evidence.give({
        fact: "person.confirmed",
        about: { person: "eve", tool: "ml.confirmed_only", arguments: hashOf(input) },
        verdict: "passed",
        request: "req_1",
        person: "eve",
        uses: [],
        value: { person: "eve", tool: "ml.confirmed_only", arguments: hashOf(input), roles },
      });
    const run = async (receipt: string, limit = 5) =>
      ask({ tool: "ml.confirmed_only", input: { limit }, receipts: [accepted, receipt] });
    await expect(run((await confirm(["viewer"], { limit: 5 })).id)).rejects.toMatchObject({ code: "denied" });
    await expect(run((await confirm(["admin"], { limit: 6 })).id)).rejects.toMatchObject({
      code: "precondition_failed",
    });
    const good = (await confirm(["admin"], { limit: 5 })).id;
    expect((await run(good)).output).toEqual({ by: "eve" });
    await expect(run(good)).rejects.toMatchObject({
      data: { why: [{ fact: "person.confirmed", why: "already used" }] },
    });
  });

  test("an agent that isn't there is unavailable, by name", async () => {
    await expect(ask({ tool: "cost.check_budget", input: {}, patienceMs: 200 })).rejects.toMatchObject({
      code: "unavailable",
      data: { agent: "cost" },
    });
  });

  test("discovery shows the tools with their cards", async () => {
    const found = await discover(door.nats);
    expect(found.map((one) => one.name)).toEqual(["ml", "quality"]);
    expect(found[0]!.tools.find((one) => one.name === "gated")).toMatchObject({
      effect: "write",
      needs: [{ is: "request.accepted" }, { is: "quality.passed", of: "dataset", as: "passed" }],
    });
  });

  test("every effect left an audit event in its transaction", async () => {
    const { rows } = await quality.pool.query(
      "select what, person from evidence.audit_event where what = 'ml.gated' order by seq limit 1",
    );
    expect(rows).toEqual([{ what: "ml.gated", person: "ada" }]);
    await expect(ml.pool.query("delete from evidence.audit_event")).rejects.toThrow(/permission denied/);
  });
});
