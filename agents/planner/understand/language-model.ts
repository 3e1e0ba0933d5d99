import type { BaseMessageLike } from "@langchain/core/messages";
import type { ChatOpenAI } from "@langchain/openai";
import type { Config } from "@muster/shared/config.ts";
import type { z } from "zod";

/** How a typed answer is asked for: by the server's own JSON schema, or as the arguments of a function. */
export type Method = "jsonSchema" | "functionCalling";

/** A language model behind an OpenAI-compatible server: the only way out to one, and the only holder of its key. */
export type LanguageModel = {
  name: string;
  /**
   * One call, one typed answer. `wire`: the JSON schema to ask by, where it says more than what the answer is read as. Throws
   * whatever went wrong: no answer in time, a refusal, an answer that isn't of the schema.
   */
  typed: <T extends Record<string, unknown>>(
    schema: z.ZodType<T>,
    name: string,
    messages: BaseMessageLike[],
    method: Method,
    wire?: Record<string, unknown>,
  ) => Promise<T>;
};

/** What one call may take at most. */
export type Limits = { timeoutMs: number; tokens: number; bytes: number };
const defaultLimits: Limits = { timeoutMs: 20_000, tokens: 1200, bytes: 262_144 };

/** Opens the language model that the settings name; null where they name none. */
export function openLanguageModel(
  config: Pick<Config, "openaiApiKey" | "openaiBaseUrl" | "model">,
  limits: Partial<Limits> = {},
): LanguageModel | null {
  const { openaiApiKey: key, openaiBaseUrl: baseURL, model } = config;
  if (!model || (!key && !baseURL)) return null;
  const { timeoutMs, tokens, bytes } = { ...defaultLimits, ...limits };
  let chat: Promise<ChatOpenAI> | null = null;
  // Loaded with the first call: what has no language model, as most swarms, needn't hold its client in memory.
  const open = () => {
    chat ??= import("@langchain/openai").then(
      ({ ChatOpenAI }) =>
        new ChatOpenAI({
          model,
          apiKey: key ?? "none",
          maxTokens: tokens,
          maxRetries: 0,
          timeout: timeoutMs,
          useResponsesApi: false,
          configuration: { baseURL: baseURL ?? "https://api.openai.com/v1", fetch: capped(bytes), logLevel: "off" },
        }),
    );
    return chat;
  };
  return {
    name: model,
    typed: async (schema, name, messages, method, wire) => {
      const how = { name, method, strict: true };
      const client = await open();
      const asked = wire ? client.withStructuredOutput(wire, how) : client.withStructuredOutput(schema, how);
      return schema.parse(await asked.invoke(messages));
    },
  };
}

/** `fetch` that breaks off a body longer than `most` bytes. */
function capped(most: number): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    if (!response.body) return response;
    let seen = 0;
    const limit = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        seen += chunk.byteLength;
        if (seen > most) controller.error(new Error(`the answer is longer than ${most} bytes`));
        else controller.enqueue(chunk);
      },
    });
    const { status, statusText, headers } = response;
    return new Response(response.body.pipeThrough(limit), { status, statusText, headers });
  };
}
