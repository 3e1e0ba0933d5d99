import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { classesOf } from "@muster/shared/domain/classification.ts";
import { DatasetRef } from "@muster/shared/domain/dataset.ts";
import { Decision } from "@muster/shared/domain/policy.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { GovernanceDeps } from "../index.ts";
import { decide } from "../policy/decide.ts";
import { Hypothetical, questionOf } from "../policy/hypothetical.ts";
import { Change } from "../policy/question.ts";

export const checkPolicy = tool({
  name: "check_policy",
  does: "Says what the policies would decide for somebody with these roles, for a purpose, then and there, with the policies and the facts; for classes, or for the columns of a classified dataset.",
  effect: "read",
  input: z.object({
    ...Hypothetical.shape,
    dataset: DatasetRef.optional(),
    /** Columns of the dataset; default: all. */
    columns: z.array(z.string().min(1)).max(2000).optional(),
  }),
  output: z.object({
    decisions: z.array(
      Decision.extend({
        about: z.string(),
        policies: z.array(z.object({ id: z.string(), why: z.string(), file: z.string() })),
      }),
    ),
    policySet: z.string(),
    /** Why the files in the folder aren't what decides; null where they are. */
    refused: z.object({ file: z.string().nullable(), message: z.string(), since: z.string() }).nullable(),
    verdict: z.string(),
  }),
  cost: { ms: 20 },
  run: async (
    { dataset, columns, ...asked },
    { evidence, policies: keeper, environment, now }: Context & GovernanceDeps,
  ) => {
    const policies = await keeper.current();
    const refused = keeper.refused();
    const at = now().toISOString();
    const about = dataset
      ? await columnsOf(evidence, dataset, columns)
      : [{ id: "hypothetical", classes: asked.classes }];
    const whole =
      asked.action === "train" || asked.action === "deploy" || Change.options.some((one) => one === asked.action);
    const all = [...new Set(about.flatMap(({ classes }) => classes))].sort();
    const questions = whole ? [{ id: dataset ?? "hypothetical", classes: all }] : about;
    const decisions = questions.map(({ id, classes }) => {
      const featureClasses = dataset ? classes : asked.featureClasses;
      const question = questionOf({ ...asked, classes, featureClasses }, { environment, at, id });
      const decision = decide(policies, question);
      const named = decision.policies.map((policy) => {
        const { why, file } = policies.notes.get(policy)!;
        return { id: policy, why, file };
      });
      return { ...decision, about: id, policies: named };
    });
    const no = decisions.filter(({ allowed }) => !allowed);
    const said =
      decisions.length === 1
        ? `${no.length === 0 ? "allowed" : "refused"}: ${decisions[0]!.why}`
        : `${asked.action}: ${decisions.length - no.length} of ${decisions.length} columns allowed`;
    const warning = refused ? `; files in the folder are not in force: ${refused.message}` : "";
    return { decisions, policySet: policies.hash, refused, verdict: `${said}${warning}` };
  },
});

async function columnsOf(evidence: GovernanceDeps["evidence"], dataset: string, wanted: string[] | undefined) {
  const receipt = await evidence.newest("dataset.classified", { dataset });
  if (!receipt)
    throw fault("precondition_failed", "the dataset isn't classified; call governance.classify_columns first", {
      missing: ["dataset.classified"],
    });
  const { columns } = (await evidence.value(receipt)) as FactValue<"dataset.classified">;
  const absent = wanted?.find((name) => !columns.some((column) => column.name === name));
  if (absent !== undefined)
    throw fault("not_found", `the dataset has no column ${absent}; see catalog.describe_dataset`);
  return columns
    .filter(({ name }) => wanted?.includes(name) ?? true)
    .map((column) => ({ id: column.name, classes: classesOf(column) }));
}
