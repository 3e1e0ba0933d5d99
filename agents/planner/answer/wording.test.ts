import { describe, expect, it } from "vitest";
import { openLanguageModel } from "../understand/language-model.ts";
import { fails, type Reply, says, server } from "../understand/testing-server.ts";
import { composeAnswer } from "./answer.ts";
import { eventFacts, inputFor } from "./testing.ts";
import { answerByModel } from "./wording.ts";

const answer = composeAnswer(inputFor("predict", eventFacts()));
const good =
  "The model churn reaches a roc_auc of 0.85 on rows it had never seen. [s00000006] Its 9512 scores are in churn_scores. [s00000010]";

async function worded(reply: Reply, limits = {}) {
  const { url, asked } = await server(reply);
  const model = openLanguageModel(
    { model: "m", openaiApiKey: "k", openaiBaseUrl: url },
    { timeoutMs: 5000, ...limits },
  )!;
  const kept: string[] = [];
  return { result: await answerByModel(model, (why) => kept.push(why))(answer), asked, kept };
}

describe("an answer worded by a language model", () => {
  it("is taken where it says nothing more than the fields", async () => {
    const { result, asked, kept } = await worded(says({ text: good }));
    expect(result).toEqual({ ...answer, text: good });
    expect(asked).toHaveLength(1);
    expect(kept).toEqual([]);
  });

  it("isn't asked for where slices stand in the answer: their words may say a value", async () => {
    const { url, asked } = await server(says({ text: good }));
    const model = openLanguageModel({ model: "m", openaiApiKey: "k", openaiBaseUrl: url })!;
    const improved = { ...answer, improvement: { rounds: [], why: null, lift: null, look: null, kept: true } };
    expect(await answerByModel(model, () => undefined)(improved)).toEqual(improved);
    expect(asked).toEqual([]);
  });

  it.each([
    ["a number of its own", good.replace("0.85", "0.95")],
    ["a mark of no step", good.replace("s00000010", "s00000099")],
    ["a sentence without a mark", `${good} Everybody will stay.`],
    ["two sentences under one mark", good.replace("The model", "It is wonderful. The model")],
    ["a link", good.replace("churn_scores", "http://example.com/x")],
    ["an image", good.replace("churn_scores", "![x](http://example.com)")],
    ["nothing", " "],
    ["too much", `${"The model is churn. [s00000006] ".repeat(170)}`],
  ])("isn't with %s", async (_, text) => {
    const { result, kept } = await worded(says({ text }));
    expect(result).toEqual(answer);
    expect(kept).toEqual(["unfounded"]);
  });

  it.each<[string, Reply]>([
    ["refuses", fails(429)],
    ["fails", fails(500)],
    ["gives no JSON", says("Dear customer")],
    ["cuts the line", (_, response) => response.destroy()],
  ])("keeps the plain text where the model %s", async (_, reply) => {
    const { result, asked, kept } = await worded(reply);
    expect(result).toEqual(answer);
    expect(asked).toHaveLength(1);
    expect(kept).toEqual(["failed"]);
  });

  it("keeps it where the model is too slow", async () => {
    const { result } = await worded(() => undefined, { timeoutMs: 60 });
    expect(result).toEqual(answer);
  });

  it("never sends a tool's output", async () => {
    const { url, asked } = await server(says({ text: "x" }));
    const model = openLanguageModel({ model: "m", openaiApiKey: "k", openaiBaseUrl: url })!;
    const only = { text: "1 found. [s1]", output: { secret: "cell" } };
    expect(await answerByModel(model, () => undefined)(only)).toBe(only);
    expect(asked).toHaveLength(0);
  });
});
