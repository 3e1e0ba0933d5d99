import { call } from "@muster/bus/call.ts";
import type { Context } from "@muster/bus/context.ts";
import type { Process } from "@muster/bus/process.ts";
import { tool } from "@muster/bus/tool.ts";
import { Ideas } from "@muster/shared/domain/improvement.ts";
import { asFault, Fault, fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { PlannerDeps } from "../index.ts";
import { askForFeatures } from "../propose/ask-for-features.ts";
import type { Described } from "../propose/told.ts";

const media = "application/json";

/**
 * The one tool of the planner that plans may use, and only where a language model is set: what it gives is a proposal, which
 * improve_model holds to the same gates as its own. It changes nothing; what leaves the perimeter goes where the administrator's
 * settings say, like every request's words, and is kept as an artifact. An answer is kept under the step's key: nobody is asked twice.
 */
export const proposeFeatures = tool({
  name: "propose_features",
  does: "Asks the language model that is set for typed features where a model is wrong; told are names, types and slices in words, never rows. Each is held to the gates like any other.",
  effect: "read",
  input: z.object({}),
  output: Ideas.extend({ challenger: z.string(), verdict: z.string() }),
  needs: [
    { is: "problem.defined", as: "problem" },
    { is: "scope.pinned", as: "scope" },
    { is: "training.cleared", as: "cleared" },
    { is: "leakage.found", as: "leakage" },
    { is: "view.registered", as: "view" },
    { is: "slices.found", as: "found" },
    { is: "improvement.compared", as: "before", optional: true },
  ],
  gives: [
    {
      is: "features.proposed",
      about: ({ challenger }) => ({ challenger }),
      value: ({ challenger: _, verdict: __, ...ideas }) => ideas,
    },
  ],
  cost: { ms: 5000 },
  run: async ({ problem, cleared, leakage, view, found, before }, context: Context & PlannerDeps) => {
    const { language, process, putArtifact, key } = context;
    if (!language) throw fault("unavailable", "no language model is set: set MUSTER_MODEL and where it answers");
    // Rounds are told apart by what was tried last; the first one by the view that it begins with.
    const challenger = before?.challenger.view ?? view.view.hash;
    const described = await describe(process, cleared.datasets, key).catch(asFault);
    const none = { model: language.name, features: [], unread: [], sent: null };
    const ideas =
      described instanceof Fault
        ? { ...none, why: `it wasn't asked: ${described.message}` }
        : await askForFeatures(language, { problem, cleared, leakage, view: view.view, found, before, described });
    const sent = ideas.sent && (await putArtifact(Buffer.from(JSON.stringify(ideas.sent)), media));
    const { features, unread, why } = ideas;
    const came = `${features.length} typed features${unread.length > 0 ? `, ${unread.length} proposals that can't be used` : ""}`;
    return {
      ...{ ...ideas, sent, challenger },
      verdict: `the language model ${language.name}: ${why ?? came}`,
    };
  },
});

/** What the catalog says of the tables: names, types, descriptions. */
async function describe(process: Process, pins: readonly string[], key: string): Promise<Described[]> {
  const replies = await Promise.all(
    pins.map((dataset) =>
      call(process, {
        ...{ tool: "catalog.describe_dataset", input: { dataset }, key: `${key}:${dataset}` },
        ...{ effect: "read", deadline: Date.now() + 10_000, patienceMs: 2000 },
      }),
    ),
  );
  const Said = z.object({ text: z.string() }).nullable();
  const Entry = z.object({
    name: z.string(),
    description: Said,
    columns: z.array(z.object({ name: z.string(), type: z.string(), description: Said })),
  });
  return replies.map(({ output }) => {
    const { name, description, columns } = Entry.parse(output);
    return {
      name,
      description: description?.text ?? null,
      columns: columns.map((one) => ({ ...one, description: one.description?.text ?? null })),
    };
  });
}
