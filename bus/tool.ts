import type { Goal } from "@muster/shared/domain/request.ts";
import type { FactName, FactValue } from "@muster/shared/fact/table.ts";
import { z } from "zod";
import type { Context } from "./context.ts";

/** What a tool does to the world: nothing, something that can be taken back, something that can't. */
export type Effect = "read" | "write" | "irreversible";

/**
 * A fact that must be shown before a tool runs.
 * `as`: the input that its signed value fills. `of`: the caller's input that must equal the receipt's `about` of that name; `from`: the
 * input's own name, where it is another.
 * `role`: which of several receipts of one kind. `each`: one receipt for every member of that list-valued fact.
 * `failed: "too"`: a receipt that says no is taken as well (the tool reads the verdict itself).
 * `optional`: taken when it is held; never chained. `asked`: an optional one that is chained all the same where a tool that answers
 * gives it, and done without where none does.
 */
export type Need = {
  readonly is: FactName;
  readonly as?: string;
  readonly of?: string;
  readonly from?: string;
  readonly role?: string;
  readonly each?: FactName;
  readonly failed?: "too";
  readonly optional?: boolean;
  readonly asked?: boolean;
};

/** A value with the verdict it came with: what an `each` need fills. */
export type Member<F extends FactName> = { member: string; verdict: "passed" | "failed"; value: FactValue<F> };

/** The inputs that needs fill, by their `as`. */
export type Filled<N extends readonly Need[]> = {
  [K in N[number] as K["as"] extends string ? K["as"] : never]: K["each"] extends FactName
    ? Member<K["is"]>[]
    : K["optional"] extends true
      ? FactValue<K["is"]> | null
      : FactValue<K["is"]>;
};

/**
 * A fact that a tool gives. `value` makes its value (default: the output itself); `about` adds keys of the fact's
 * `about` that aren't in the receipts it was derived from; `when` false: the receipt says `failed`;
 * `role` names the input that holds the role; `unless` true: nothing is given at all.
 */
export type Give<I, O> = {
  readonly is: FactName;
  readonly of?: string;
  readonly role?: string;
  readonly when?: (output: O) => boolean;
  readonly value?: (output: O, input: I) => unknown;
  readonly about?: (output: O, input: I) => Record<string, unknown>;
};

/** A tool: one frozen value; the endpoint, the planner's action, the MCP tool, the route, the row in the docs and the conformance tests are projections of it. */
export type Tool = {
  readonly name: string;
  readonly does: string;
  readonly effect: Effect;
  readonly input: z.ZodObject;
  readonly output: z.ZodType;
  readonly needs: readonly Need[];
  // biome-ignore lint/suspicious/noExplicitAny: variance: a list of tools holds different inputs and outputs
  readonly gives: readonly Give<any, any>[];
  /** Roles of which the person needs one; the tool also needs `person.confirmed` over exactly these arguments. */
  readonly confirmedBy: readonly string[];
  readonly cost: { readonly ms: number };
  /** Answers `{run}` at once and works in a job. */
  readonly long: boolean;
  /** Refuses when a pinned version isn't the newest any more, always or for some inputs. Default: every tool that writes. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly fresh: boolean | ((input: any) => boolean);
  /** Typed goals that the plan goes on with. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly next: ((output: any, input: any) => Goal[]) | null;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly run: (input: any, context: any) => Promise<unknown>;
};

type Declared<I extends z.ZodObject, O extends z.ZodType, N extends readonly Need[], D> = {
  name: string;
  does: string;
  effect: Effect;
  input: I;
  output: O;
  needs?: N;
  gives?: readonly Give<z.infer<I> & Filled<N>, z.infer<O>>[];
  confirmedBy?: readonly string[];
  cost?: { ms: number };
  long?: boolean;
  fresh?: boolean | ((input: z.infer<I>) => boolean);
  next?: (output: z.infer<O>, input: z.infer<I> & Filled<N>) => Goal[];
  run: (input: z.infer<I> & Filled<N>, context: Context & D) => Promise<z.input<O>>;
};

/**
 * Makes a tool. What every tool of an effect needs is added here, so that it can't be forgotten: `request.accepted`
 * where the effect isn't `read`, `person.confirmed` where `confirmedBy` is given.
 */
export function tool<I extends z.ZodObject, O extends z.ZodType, const N extends readonly Need[] = [], D = object>(
  declared: Declared<I, O, N, D>,
): Tool {
  const needs: Need[] = [...(declared.needs ?? [])];
  const has = (name: FactName) => needs.some((need) => need.is === name);
  if (declared.effect !== "read" && !has("request.accepted")) needs.unshift({ is: "request.accepted" });
  if (declared.confirmedBy?.length && !has("person.confirmed")) needs.push({ is: "person.confirmed" });
  return Object.freeze({
    name: declared.name,
    does: declared.does,
    effect: declared.effect,
    input: z.strictObject(declared.input.shape),
    output: declared.output,
    needs: Object.freeze(needs),
    gives: Object.freeze([...(declared.gives ?? [])]),
    confirmedBy: Object.freeze([...(declared.confirmedBy ?? [])]),
    cost: declared.cost ?? { ms: 50 },
    long: declared.long ?? false,
    fresh: declared.fresh ?? declared.effect !== "read",
    next: declared.next ?? null,
    run: declared.run,
  });
}

/** A tool as it travels: what discovery, the planner, MCP and the docs see. */
export type ToolCard = {
  agent: string;
  name: string;
  does: string;
  effect: Effect;
  long: boolean;
  needs: Need[];
  gives: { is: string; of?: string; role?: string }[];
  confirmedBy: string[];
  cost: { ms: number };
  input: Record<string, unknown>;
  output: Record<string, unknown>;
};

/** The card of a tool. */
export function cardOf(agent: string, t: Tool): ToolCard {
  return {
    agent,
    name: t.name,
    does: t.does,
    effect: t.effect,
    long: t.long,
    needs: [...t.needs],
    gives: t.gives.map(({ is, of, role }) => ({ is, ...(of && { of }), ...(role && { role }) })),
    confirmedBy: [...t.confirmedBy],
    cost: t.cost,
    input: z.toJSONSchema(t.input, { io: "input", unrepresentable: "any" }) as Record<string, unknown>,
    // A shape that stands in several places is told once: an agent tells of all its tools in one message.
    output: z.toJSONSchema(t.output, { io: "output", unrepresentable: "any", reused: "ref" }) as Record<
      string,
      unknown
    >,
  };
}
