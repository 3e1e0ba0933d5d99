import { call } from "@muster/bus/call.ts";
import type { Process } from "@muster/bus/process.ts";
import type { ToolCard } from "@muster/bus/tool.ts";
import { isModelHash, type ModelUri, readModelUri } from "@muster/shared/domain/model-uri.ts";
import { Fault, fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { Understanding } from "./understanding.ts";

/** A registered version of a model, and what it stands on: what every step about it is about. */
type NamedModel = { name: string; version: number; on: Record<string, unknown> };

type Goals = Extract<Understanding, { kind: "goals" }>;
type Asks = { process: Process; request: string };

const Listed = z.object({
  models: z.array(
    z.object({ name: z.string(), versions: z.array(z.object({ version: z.number(), hash: z.string() })) }),
  ),
});

const Registered = z.object({ name: z.string(), version: z.number() });

/**
 * What a request that names a model stands on: its goals, or the call that it is, are of exactly the version that is meant, on the
 * data that it was made of, whatever was loaded since. A request that names none is as it was.
 */
export async function standingOnNamed(understood: Goals, cards: readonly ToolCard[], asks: Asks): Promise<Goals> {
  const { call: asked, arguments: said, goals } = understood;
  const named = asked === undefined || takesModel(asked.tool, cards) ? said.model : undefined;
  if (typeof named !== "string") return understood;
  const { name, version, on } = await namedModel(named, asks);
  const model = `models:/${name}/${version}`;
  return {
    ...understood,
    goals: goals.map((goal) => ({ ...goal, on: { ...on, ...goal.on } })),
    arguments: { ...said, model },
    assumptions: [...understood.assumptions, `version ${version} of the model ${name} is what is meant`],
    ...(asked && { call: { ...asked, input: { ...asked.input, model }, on } }),
  };
}

/** Whether a tool's `model` names one: its input says so, as it does of datasets. */
function takesModel(tool: string, cards: readonly ToolCard[]): boolean {
  const card = cards.find((one) => `${one.agent}.${one.name}` === tool);
  const { properties } = (card?.input ?? {}) as { properties?: { model?: { muster?: string } } };
  return properties?.model?.muster === "model";
}

/** The version that is named: of a name alone its champion, else its newest. `not_found` without one, `precondition_failed` where nothing of it stands any more. */
async function namedModel(said: string, asks: Asks): Promise<NamedModel> {
  const { evidence } = asks.process;
  const found = isModelHash(said) ? { name: null, version: null, hash: said } : await listed(said, asks);
  if (!found) throw fault("not_found", `nothing is registered as ${said}; see npx muster models`);
  const receipts = await evidence.standing("model.registered", { model: found.hash });
  const registered = receipts.map(({ value, about }) => ({ about, ...Registered.parse(value) }));
  const held = registered.find(({ name }) => found.name === null || name === found.name);
  if (!held || (await evidence.standing("run.finished", { model: found.hash })).length === 0) {
    const what = found.name === null ? "that model" : `version ${found.version} of ${found.name}`;
    throw fault(
      "precondition_failed",
      `${what} was never registered, or was retired or its data erased; name another, or train it again`,
      { missing: ["model.registered"] },
    );
  }
  const { problem, scope, view, training, model } = held.about;
  return { name: held.name, version: found.version ?? held.version, on: { problem, scope, view, training, model } };
}

/** A registered version as ml lists it; undefined where there is none. */
async function listed(said: string, { process, request }: Asks) {
  const uri = readModelUri(said);
  if (uri === null)
    throw fault(
      "invalid_input",
      "a model is named as NAME, models:/NAME/VERSION, models:/NAME@ALIAS or runs:/RUN; see npx muster models",
    );
  const first = async (name: string) => {
    const reply = await call(process, {
      ...{ tool: "ml.get_model_versions", input: { name, max_results: 1 }, key: `${request}:named:${name}`, request },
      ...{ effect: "read", deadline: Date.now() + 20_000 },
    });
    const [model] = Listed.parse(reply.output).models;
    return model?.versions[0] && { name: model.name, ...model.versions[0] };
  };
  return first(spelled(uri)).catch((error: unknown) => {
    // What never went live has no champion.
    if (uri.kind === "name" && error instanceof Fault && error.code === "not_found") return first(uri.name);
    throw error;
  });
}

function spelled(uri: ModelUri): string {
  if (uri.kind === "run") return `runs:/${uri.run}`;
  return `models:/${uri.name}${uri.kind === "version" ? `/${uri.version}` : `@${uri.kind === "alias" ? uri.alias : "champion"}`}`;
}
