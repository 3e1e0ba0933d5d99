import type { ToolCard } from "@muster/bus/tool.ts";
import { canonical, hashOf } from "@muster/shared/canonical.ts";
import type { Goal } from "@muster/shared/domain/request.ts";
import { factType } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";

/** A fact that is wanted: of what, in which role, standing on what. */
export type FactRef = { is: string; of?: Record<string, unknown>; role?: string; on?: Record<string, unknown> };

/** A receipt that is held: from this request, or a standing one of an earlier request. */
export type Held = {
  id: string;
  fact: string;
  about: Record<string, unknown>;
  verdict: "passed" | "failed";
  request: string | null;
  /** For a list-valued fact: its members. */
  members?: string[];
};

/** A step of a plan: one call of one tool. `each` marks one that stands for a step per member, not known yet. */
export type Step = {
  id: string;
  tool: string;
  because: string;
  input: Record<string, unknown>;
  /** What it stands on, beyond its input; null where its goal doesn't say. */
  on: Record<string, unknown> | null;
  /** Steps that must have succeeded before. */
  after: string[];
  /** Receipts already held that the call shows beside those its predecessors give. */
  shows: string[];
  wave: number;
  effect: ToolCard["effect"];
  costMs: number;
  each: string | null;
};

/** A frozen plan: steps in waves, and the standing receipts that answer goals as they are. */
export type Plan = { steps: readonly Step[]; answered: readonly Held[] };

/** All that a plan is made from. */
export type PlanInput = {
  request: string;
  goals: readonly Goal[];
  arguments: Record<string, unknown>;
  cards: readonly ToolCard[];
  held: readonly Held[];
  /** A tool to end with, whatever facts it gives; `on`: what it stands on. */
  call?: { tool: string; input: Record<string, unknown>; on?: Record<string, unknown> } | null;
  /** Steps that were begun, by key of what they do, so that a new plan keeps their ids. */
  known?: ReadonlyMap<string, string>;
};

/** What identifies a step's work, whatever its place: the same tool with the same input, standing on the same, is the same step. */
export const stepKey = (
  tool: string,
  input: Record<string, unknown>,
  on: Record<string, unknown> | null = null,
): string => `${tool} ${canonical(input)}${on === null ? "" : ` on ${canonical(on)}`}`;

type Found = { held: Held } | { steps: string[]; pending?: string };

/**
 * Makes the plan by backward chaining: goals ⟵ gives/needs ⟵ evidence held. Pure: the same goals, arguments, cards and
 * evidence give the same plan. Permissions are never taken from another request; a standing finding or effect is used
 * only where everything it needs stands too and is about the same things. Ties break by cost, then name.
 * Throws `unavailable` naming the fact that no answering agent gives, `invalid_input` naming an argument nobody gave.
 */
export function plan(input: PlanInput): Plan {
  const planner = new Map<string, Step>();
  const memo = new Map<string, Found>();
  const open = new Set<string>();
  const answered: Held[] = [];
  const give = giversOf(input.cards);
  const reach = reachOf(give);
  /** What is wanted anew: no standing receipt of it counts, nor of what was derived from it. */
  const anew = new Set(input.goals.filter((goal) => goal.newerThan !== undefined).map((goal) => goal.is));

  const own = (held: Held) => held.request === input.request;
  const refKey = (ref: FactRef, fresh: boolean) =>
    `${ref.is}#${ref.role ?? ""}${canonical(ref.of ?? {})}${canonical(ref.on ?? {})}${fresh ? "!" : ""}`;

  function matches(held: Held, ref: FactRef): boolean {
    if (held.fact !== ref.is) return false;
    if (ref.role && held.about[ref.role] === undefined) return false;
    return Object.entries({ ...ref.on, ...ref.of }).every(
      ([key, value]) => !(key in held.about) || canonical(held.about[key]) === canonical(value),
    );
  }

  /** A standing receipt that answers the ref: this request's own, one that was pinned by name, or one whose needs all stand. */
  function standing(ref: FactRef, fresh: boolean, tooFailed: boolean): Held | null {
    const candidates = input.held.filter((held) => matches(held, ref) && (tooFailed || held.verdict === "passed"));
    const mine = candidates.find(own);
    if (mine || fresh || anew.has(ref.is)) return mine ?? null;
    if (factType(ref.is)?.kind === "permission") return null;
    const card = give(ref.is);
    for (const held of candidates) {
      if (card && !sameArguments(card, held, { ...input.arguments, ...ref.on, ...ref.of })) continue;
      if (ref.of && Object.keys(ref.of).some((key) => key in held.about)) return held;
      if (card?.needs.every((need) => need.optional || agrees(held, need, ref))) return held;
    }
    return null;
  }

  function agrees(held: Held, need: ToolCard["needs"][number], ref: FactRef): boolean {
    const type = factType(need.is);
    if (!type || type.kind === "permission") return true;
    if (need.each) return agrees(held, { is: need.each as never }, ref);
    const role = need.role ?? (need.is === ref.is ? ref.role : undefined);
    const base = standing({ is: need.is, ...(role && { role }), ...onOf(need.is, ref.on) }, false, false);
    return (
      base !== null &&
      Object.keys(base.about).every(
        (key) => !(key in held.about) || canonical(held.about[key]) === canonical(base.about[key]),
      )
    );
  }

  /** What of it a fact can depend on: its own keys, and those of everything that is needed to give it. */
  function onOf(fact: string, on: FactRef["on"]): Pick<FactRef, "on"> {
    const kept = Object.entries(on ?? {}).filter(([key]) => reach(fact).has(key));
    return kept.length > 0 ? { on: Object.fromEntries(kept) } : {};
  }

  function want(ref: FactRef, fresh: boolean, tooFailed = false): Found {
    const key = refKey(ref, fresh) + (tooFailed ? "~" : "");
    const before = memo.get(key);
    if (before) return before;
    const held = standing(ref, fresh, tooFailed);
    if (held) return remember(key, { held });
    const type = factType(ref.is);
    if (type?.by === "door")
      throw fault(
        "precondition_failed",
        `${ref.is} is signed at a door, by a person; call the tool yourself to confirm it`,
        { missing: [ref.is] },
      );
    const card = give(ref.is);
    if (!card)
      throw fault(
        "unavailable",
        `no agent that answers gives ${ref.is}${type ? `; start it with npx muster up ${type.by}` : ""}`,
        { missing: [ref.is], agent: type?.by },
      );
    if (open.has(key)) throw fault("internal", `${ref.is} needs itself`);
    open.add(key);
    const step = addStep(card, ref, `${ref.is}${ref.role ? ` (${ref.role})` : ""}`);
    open.delete(key);
    return remember(key, { steps: [step] });
  }

  function remember(key: string, found: Found): Found {
    memo.set(key, found);
    return found;
  }

  function addStep(card: ToolCard, ref: FactRef, because: string, given?: Record<string, unknown>): string {
    const tool = `${card.agent}.${card.name}`;
    const args = { ...input.arguments, ...ref.on, ...ref.of, ...(ref.role && { role: ref.role }) };
    const stepInput = given ?? inputOf(card, args);
    const on = onOf(ref.is, ref.on).on ?? null;
    const key = stepKey(tool, stepInput, on);
    const there = planner.get(key);
    if (there) return there.id;
    const after = new Set<string>();
    const shows = new Set<string>();
    let each: string | null = null;
    for (const need of card.needs) {
      // What may be left out is shown where the input that names it is given.
      if (need.optional && need.of && stepInput[need.of] === undefined) continue;
      for (const one of expand(need, stepInput, tool, on)) {
        if (one === "pending") {
          each = need.each!;
          continue;
        }
        if (need.optional && !(need.asked && give(need.is))) {
          const held = standing(one, false, need.failed === "too");
          if (held) shows.add(held.id);
          continue;
        }
        const found = want(one, false, need.failed === "too");
        if ("held" in found) shows.add(found.held.id);
        else for (const id of found.steps) after.add(id);
      }
    }
    const id = input.known?.get(key) ?? `s${hashOf(key).slice(0, 8)}`;
    const wave = 1 + Math.max(0, ...[...after].map((a) => [...planner.values()].find((s) => s.id === a)!.wave));
    planner.set(key, {
      id,
      tool,
      because,
      input: stepInput,
      on,
      after: [...after],
      shows: [...shows],
      wave,
      effect: card.effect,
      costMs: card.cost.ms,
      each,
    });
    return id;
  }

  /** The refs of a need: one, or one a member of the list-valued fact; `pending` where the list isn't known yet. */
  function expand(
    need: ToolCard["needs"][number],
    stepInput: Record<string, unknown>,
    tool: string,
    on: Step["on"],
  ): (FactRef | "pending")[] {
    // Whoever approved a step confirmed that too: of several confirmations only the one of this tool is shown.
    if (need.is === "person.confirmed") return [{ is: need.is, of: { tool } }];
    const said = need.of && stepInput[need.from ?? need.of];
    const of = need.of && said !== undefined ? { [need.of]: said } : undefined;
    if (!need.each)
      return [{ is: need.is, ...(need.role && { role: need.role }), ...(of && { of }), ...onOf(need.is, on ?? {}) }];
    const list = want({ is: need.each }, false);
    if (!("held" in list)) return ["pending"];
    const key = factType(need.is)!.about[0]!;
    return (list.held.members ?? []).map((member) => ({ is: need.is, of: { [key]: member } }));
  }

  for (const goal of input.goals) {
    if (goal.each) {
      const list = want({ is: goal.each }, false);
      if (!("held" in list)) continue;
      const key = factType(goal.is)!.about[0]!;
      for (const member of list.held.members ?? [])
        want({ is: goal.is, of: { [key]: member } }, goal.newerThan !== undefined);
      continue;
    }
    const found = want(
      {
        ...{ is: goal.is, ...onOf(goal.is, goal.on) },
        ...{ ...(goal.of && { of: goal.of }), ...(goal.role && { role: goal.role }) },
      },
      goal.newerThan !== undefined,
    );
    if ("held" in found) answered.push(found.held);
  }
  if (input.call) {
    const card = input.cards.find((c) => `${c.agent}.${c.name}` === input.call!.tool);
    if (!card) throw fault("not_found", `no agent that answers has the tool ${input.call.tool}; see npx muster tools`);
    const { on } = input.call;
    addStep(card, { is: card.gives[0]?.is ?? "", ...(on && { on }) }, "asked for", pick(card, input.call.input));
    if (!input.known?.size) refuseStray(card, input.call.input, [...planner.values()]);
  }
  return Object.freeze({ steps: Object.freeze(withWaves([...planner.values()])), answered: Object.freeze(answered) });
}

/** The one tool that gives a fact; of several (findings only) the cheapest, then the first by name. */
function giversOf(cards: readonly ToolCard[]): (fact: string) => ToolCard | null {
  const givers = new Map<string, ToolCard>();
  const order = [...cards].sort(
    (a, b) => a.cost.ms - b.cost.ms || `${a.agent}.${a.name}`.localeCompare(`${b.agent}.${b.name}`),
  );
  for (const card of order) for (const give of card.gives) if (!givers.has(give.is)) givers.set(give.is, card);
  return (fact) => givers.get(fact) ?? null;
}

/** The keys that a fact can depend on: of its own `about`, what its giver takes, and those of all that its giver can't do without. */
function reachOf(give: (fact: string) => ToolCard | null): (fact: string) => ReadonlySet<string> {
  const known = new Map<string, Set<string>>();
  return function reach(fact): ReadonlySet<string> {
    const held = known.get(fact);
    if (held) return held;
    const keys = new Set<string>(factType(fact)?.about);
    known.set(fact, keys);
    const card = give(fact);
    for (const key of Object.keys((card?.input as InputSchema | undefined)?.properties ?? {})) keys.add(key);
    for (const need of card?.needs ?? []) if (!need.optional) for (const key of reach(need.is)) keys.add(key);
    return keys;
  };
}

type InputSchema = { properties?: Record<string, { default?: unknown }>; required?: string[] };

/** Whether a standing receipt was given under the arguments that its giver would get now, where the receipt says so: one that isn't given has its default. */
function sameArguments(card: ToolCard, held: Held, args: Record<string, unknown>): boolean {
  return Object.entries((card.input as InputSchema).properties ?? {}).every(([key, { default: otherwise }]) => {
    if (otherwise === undefined || !(key in held.about)) return true;
    return canonical(held.about[key]) === canonical(args[key] ?? otherwise);
  });
}

/** The arguments that a tool takes itself. */
function pick(card: ToolCard, args: Record<string, unknown>): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const key of Object.keys((card.input as InputSchema).properties ?? {}))
    if (args[key] !== undefined) picked[key] = args[key];
  return picked;
}

/** What is passed to a called tool and it doesn't take is for the steps before it; what none of them takes is refused. */
function refuseStray(card: ToolCard, args: Record<string, unknown>, steps: readonly Step[]): void {
  const stray = Object.keys(args).find((key) => !steps.some((step) => key in step.input));
  if (stray === undefined) return;
  const name = `${card.agent}.${card.name}`;
  const message = `neither ${name} nor a step before it takes this; see npx muster tools`;
  throw fault("invalid_input", `${card.name}: ${stray}: ${message}`, { issues: [{ path: stray, message }] });
}

/** The arguments a tool takes, picked by name from all that is known; a required one that is missing is `invalid_input`. */
function inputOf(card: ToolCard, args: Record<string, unknown>): Record<string, unknown> {
  const schema = card.input as InputSchema;
  const picked = pick(card, args);
  const missing = (schema.required ?? []).filter((key) => picked[key] === undefined);
  if (missing.length > 0)
    throw fault("invalid_input", `${card.agent}.${card.name} needs ${missing.join(", ")}; say it in the request`, {
      missing,
      tool: `${card.agent}.${card.name}`,
    });
  return picked;
}

/** Waves from the dependencies, and steps in the order of waves, then cost, then name. */
function withWaves(steps: Step[]): Step[] {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const wave = new Map<string, number>();
  const of = (step: Step): number => {
    const held = wave.get(step.id);
    if (held) return held;
    const own = 1 + Math.max(0, ...step.after.map((id) => of(byId.get(id)!)));
    wave.set(step.id, own);
    return own;
  };
  return steps
    .map((step) => Object.freeze({ ...step, wave: of(step) }))
    .sort((a, b) => a.wave - b.wave || a.costMs - b.costMs || a.tool.localeCompare(b.tool) || a.id.localeCompare(b.id));
}
