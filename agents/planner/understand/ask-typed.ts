import type { BaseMessageLike } from "@langchain/core/messages";
import { Fault } from "@muster/shared/fault.ts";
import type { z } from "zod";
import type { LanguageModel, Method } from "./language-model.ts";

/** A typed question: as what the answer is read, what it is called, the messages; `wire`: the JSON schema to ask by where that says more. */
export type Typed<A extends Record<string, unknown>> = {
  schema: z.ZodType<A>;
  name: string;
  messages: BaseMessageLike[];
  wire?: Record<string, unknown>;
};

/**
 * Asks, and once more with what was wrong: at most two calls. `use` makes something of the answer and throws a fault where it
 * can't. Gives that, or why there is none, in words that hold nothing of the answer.
 */
export async function askTyped<A extends Record<string, unknown>, T>(
  model: LanguageModel,
  { schema, name, messages, wire }: Typed<A>,
  use: (answer: A) => T,
): Promise<{ found: T } | { why: string }> {
  const told = [...messages];
  let method: Method = "jsonSchema";
  for (const last of [false, true]) {
    try {
      return { found: use(await model.typed(schema, name, told, method, wire)) };
    } catch (error) {
      const trouble = troubleOf(error);
      if (last || !trouble.repair) return { why: trouble.why };
      if (trouble.unsupported) method = "functionCalling";
      else told.push(["user", `That can't be used: ${trouble.why}. Answer again with all fields.`]);
    }
  }
  return { why: "gave no answer" };
}

type Trouble = { why: string; repair: boolean; unsupported?: boolean };

/** What went wrong, in words that hold nothing of the answer; whether asking again may help. */
function troubleOf(error: unknown): Trouble {
  if (error instanceof Fault) return { why: error.message, repair: true };
  const { name, status } = error as { name?: string; status?: number };
  if (status === 400 || status === 422) return { why: "doesn't take a schema", repair: true, unsupported: true };
  if (typeof status === "number") return { why: `refused (${status})`, repair: false };
  if (/abort|timeout/i.test(String(name)) || /timed? ?out|abort/i.test(String((error as Error).message)))
    return { why: "didn't answer in time", repair: false };
  if (/longer than \d+ bytes/.test(textOf(error))) return { why: "answered without end", repair: false };
  if (/connection|fetch failed|terminated/i.test(textOf(error))) return { why: "couldn't be reached", repair: false };
  return { why: "didn't answer with the fields that were asked for", repair: true };
}

const textOf = (error: unknown): string =>
  error instanceof Error ? `${error.name} ${error.message} ${error.cause ? textOf(error.cause) : ""}` : String(error);
