import assert from "node:assert/strict";
import { canonical, hashOf } from "@muster/shared/canonical.ts";
import { parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import { factType } from "@muster/shared/fact/table.ts";
import { Fault } from "@muster/shared/fault.ts";
import { type SmallestOptions, smallestValue } from "@muster/shared/smallest-value.ts";
import { headers, type MsgHdrs } from "nats";
import { type Call, call } from "./call.ts";
import type { Context } from "./context.ts";
import { type Evidence, newId, type Statement } from "./evidence.ts";
import type { Reply } from "./message.ts";
import type { Process } from "./process.ts";
import type { Need, Tool } from "./tool.ts";

/** What a tool runs while it is held to its contract, instead of its own work. */
export type Play = (input: Record<string, unknown>, context: Context) => unknown;

/** Tools of an agent whose runs are played: `tools` is what is served, `play` sets what one of them does from now on. */
export type Rehearsal = { tools: Tool[]; play: (tool: string, run: Play) => void };

/** Wraps an agent's tools so that everything of them is real but the run. */
export function rehearse(tools: readonly Tool[]): Rehearsal {
  const plays = new Map<string, Play>();
  return {
    tools: tools.map((tool) => ({
      ...tool,
      run: async (input, context) => {
        const play = plays.get(tool.name);
        if (!play) throw new Error(`nothing is played for ${tool.name}`);
        return play(input, context);
      },
    })),
    play: (tool, run) => void plays.set(tool, run),
  };
}

/** Where tools are held to their contract: a served rehearsal, the door that calls, and those who sign what is needed. */
export type Stage = {
  agent: string;
  play: Rehearsal["play"];
  door: Pick<Process, "nats" | "evidence">;
  /** The evidence of an agent or, for `door`, of a door: it signs the facts that are its own to give. */
  evidenceOf: (giver: string) => Evidence;
  /** A dataset version that the lake holds as the newest. */
  pin: string;
};

/** A case of the conformance suite, in plain words. */
export type ConformanceCase = { name: string; check: () => Promise<void> };

/** The request in which the suite's receipts are given. */
export const request = "req_conforms";
const secret = "driver text at /srv/secret:42";

/**
 * The one suite that every tool of every agent passes, on real servers: refuses bad input with the path of the fault, keeps
 * its output schema, refuses when a need is missing, survives a throw, gives its facts, answers the same under redelivery.
 */
export function toolConforms(tool: Tool, stage: Stage): ConformanceCase[] {
  const name = `${stage.agent}.${tool.name}`;
  const small = smallIn(stage.pin);
  const input = smallestInput(tool, stage.pin);
  const ask = (c: Partial<Call>): Promise<Reply> =>
    call(stage.door, {
      ...{ tool: name, input, key: newId("k"), request, deadline: Date.now() + 20_000, effect: tool.effect },
      ...c,
    });
  const shown = (without?: Need) => show(tool, input, stage, without);
  const well: Play = (_, context) => {
    const output = smallestValue(tool.output, small);
    for (const give of tool.gives) {
      // Where the smallest output isn't enough for the fact, its value is set as tools do whose output leaves things out.
      const value = give.value ? give.value(output, { ...input }) : output;
      const type = factType(give.is)!.value;
      if (!type.safeParse(value).success) context.value(give.is, smallestValue(type, small));
    }
    return output;
  };

  return [
    {
      name: "refuses bad input with the path of the fault",
      check: async () => {
        await refuses(ask({ input: { ...input, not_a_key: 1 } }), "invalid_input", ({ data }) =>
          assert.deepEqual(pathsOf(data.issues), ["not_a_key"]),
        );
        for (const key of Object.keys(tool.input.shape)) {
          const wrong = wrongValue(tool, key);
          await refuses(ask({ input: { ...input, [key]: wrong } }), "invalid_input", ({ data }) =>
            assert.ok(
              pathsOf(data.issues).every((path) => path === key || path.startsWith(`${key}.`)),
              `a wrong ${key} is told at ${pathsOf(data.issues)}`,
            ),
          );
        }
      },
    },
    {
      name: "refuses when a need is missing, and names it",
      check: async () => {
        const wanted = tool.needs.filter((need) => !need.optional);
        stage.play(tool.name, () => assert.fail("it ran without what it needs"));
        if (wanted.length > 0)
          await refuses(ask({}), "precondition_failed", ({ data }) =>
            assert.deepEqual(
              data.missing,
              [...wanted].sort((a, b) => Number(!!a.each) - Number(!!b.each)).map(({ is }) => is),
            ),
          );
        for (const need of wanted)
          await refuses(ask({ receipts: await shown(need) }), "precondition_failed", ({ data }) =>
            assert.ok(
              (data.missing as string[]).some((one) => one.startsWith(need.is)),
              `${need.is} isn't named`,
            ),
          );
      },
    },
    {
      name: "gives its facts, and answers the same under redelivery, having run once",
      check: async () => {
        let runs = 0;
        stage.play(tool.name, (...given) => {
          runs++;
          return well(...given);
        });
        const same = { key: newId("k"), receipts: await shown() };
        const first = await ask(same);
        assert.deepEqual(
          first.given.map(({ fact }) => fact),
          tool.gives.map(({ is }) => is),
        );
        assert.equal(canonical(await ask(same)), canonical(first));
        const recorded = tool.effect !== "read" || tool.gives.length > 0 || tool.long;
        assert.equal(runs, recorded ? 1 : 2);
      },
    },
    {
      name: "keeps its output schema",
      check: async () => {
        stage.play(tool.name, () => null);
        await refuses(ask({ receipts: await shown() }), "broken_contract", ({ data }) =>
          assert.ok((data.paths as string[]).length > 0),
        );
      },
    },
    {
      name: "survives a throw, and tells neither stack nor driver text",
      check: async () => {
        stage.play(tool.name, () => {
          throw new Error(secret);
        });
        await refuses(ask({ receipts: await shown() }), "internal", ({ message, data }) =>
          assert.ok(!`${message}${JSON.stringify(data)}`.match(/driver|secret|\bat \//), "it told what was thrown"),
        );
        stage.play(tool.name, well);
        await ask({ receipts: await shown() });
      },
    },
  ];
}

async function refuses(call: Promise<Reply>, code: string, check: (fault: Fault) => void): Promise<void> {
  const came = await call.then(
    () => null,
    (error: unknown) => error,
  );
  assert.ok(came instanceof Fault, came === null ? `it answered where ${code} was due` : String(came));
  assert.equal(came.code, code, came.message);
  check(came);
}

const pathsOf = (issues: unknown): string[] => (issues as { path: string }[]).map(({ path }) => path);

/** A value that the tool's schema refuses for this key: one of another type than those it takes. */
function wrongValue(tool: Tool, key: string): unknown {
  const type = tool.input.shape[key] as { safeParse: (value: unknown) => { success: boolean } };
  const wrong = [17.5, "", [[]], { $: 1 }, null].find((value) => !type.safeParse(value).success);
  assert.notEqual(wrong, undefined, `${tool.name} takes anything for ${key}`);
  return wrong;
}

/** Receipts for every need (but one), signed by those whose facts they are and agreeing on what they are about. */
async function show(
  tool: Tool,
  input: Record<string, unknown>,
  { agent, evidenceOf, pin }: Stage,
  without?: Need,
): Promise<string[]> {
  const receipts: string[] = [];
  for (const need of tool.needs) {
    if (need.optional || need === without) continue;
    const statement = statementFor(need, { agent, tool, input, pin });
    receipts.push((await evidenceOf(factType(need.is)!.by).give(statement)).id);
  }
  return receipts;
}

/** What is to be signed so that a need of a tool is met for an input: the smallest value, about the one world of `pin`. */
export function statementFor(
  need: Need,
  { agent, tool, input, pin }: { agent: string; tool: Tool; input: Record<string, unknown>; pin: string },
): Omit<Statement, "id"> {
  const [person, name, args] = ["ada", `${agent}.${tool.name}`, hashOf(input)];
  const known: Record<string, unknown> = {
    ...{ request, person, purpose: "analytics", tool: name, arguments: args, what: "a test" },
    ...{ problem: "p1", scope: [pin], dataset: pin, view: "v1", model: "m1", deployment: "d1", current: pin },
    ...{ training: pin, holdout: pin, scoring: pin, round: 1, challenger: "v2" },
    ...{ roll_back: "d1", retire: "d1", end_test: "d1" },
  };
  for (const { of, from = of } of tool.needs)
    if (of && from && input[from] !== undefined) known[of] = of === "dataset" ? pin : input[from];
  const type = factType(need.is)!;
  const keys = type.about.map((key) => (key === "@role" ? (need.role ?? "training") : key));
  return {
    ...{ fact: need.is, verdict: "passed", request, person, uses: [] },
    about: Object.fromEntries(keys.map((key) => [key, known[key]])),
    value:
      need.is === "person.confirmed"
        ? { person, tool: name, arguments: args, roles: tool.confirmedBy.slice(0, 1) }
        : smallestValue(type.value, smallIn(pin)),
  };
}

/** The options by which small values speak of one dataset version. */
const smallIn = (pin: string): SmallestOptions => ({
  members: 1,
  text: ({ pattern = "", muster }) =>
    muster === "dataset" ? parseDatasetRef(pin).name : pattern.includes("@[0-9a-f]") ? pin : undefined,
});

/** The smallest input that a tool takes, its dataset being that of `pin`. */
export const smallestInput = (tool: Tool, pin: string): Record<string, unknown> =>
  smallestValue(tool.input, smallIn(pin)) as Record<string, unknown>;

/** Headers of a message as they are given, for what no caller of ours would send. */
export function headersOf(values: Record<string, string>): MsgHdrs {
  const made = headers();
  for (const [name, value] of Object.entries(values)) made.set(name, value);
  return made;
}
