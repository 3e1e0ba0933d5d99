import { Purpose, RoleName } from "@muster/shared/domain/policy.ts";
import { z } from "zod";
import { Change, FairnessFacts, type Question } from "./question.ts";

/** A question that nobody asked yet: what would be decided for somebody with these roles, for this purpose, then and there. */
export const Hypothetical = z.strictObject({
  action: z.enum([
    ...(["train", "deploy", "read", "use_as_feature", "use_as_key", "use_as_label", "use_for_evaluation"] as const),
    ...Change.options,
  ]),
  roles: z.array(RoleName),
  purpose: Purpose,
  person: z.string().min(1).max(200).default("somebody"),
  /** Default: where this runs. */
  environment: z.string().min(1).max(100).optional(),
  /** A moment (UTC). Default: now. */
  at: z.iso.datetime().optional(),
  /** Roles in which somebody has approved it. */
  approvals: z.array(RoleName).default([]),
  /** Classes of the column, of the data set's columns, or of the model's features. */
  classes: z.array(z.string()).default([]),
  /** For a training: the classes of what would become features. */
  featureClasses: z.array(z.string()).default([]),
  /** For a deployment: a model from too few outcomes. */
  exploratory: z.boolean().default(false),
  /** For a deployment: what is known of its fairness. */
  fairness: FairnessFacts.default({ compared: [], uncompared: [] }),
});
export type Hypothetical = z.infer<typeof Hypothetical>;

/** The question as the policies are asked it. `id`: what it is about. */
export function questionOf(
  asked: Hypothetical,
  { environment, at, id = "hypothetical" }: { environment: string; at: string; id?: string },
): Question {
  const { action, person, roles, purpose, approvals, classes, featureClasses, exploratory, fairness } = asked;
  const principal = { person, roles };
  const context = { purpose, approvals, environment: asked.environment ?? environment, at: asked.at ?? at };
  if (action === "train")
    return { action, principal, context, resource: { type: "Dataset", id, classes, featureClasses } };
  if (action === "deploy") {
    const resource = { type: "Model" as const, id, classes, exploratory };
    return { action, principal, context: { ...context, fairness }, resource };
  }
  if (action === "roll_back" || action === "retire" || action === "end_test")
    return { action, principal, context, resource: { type: "Deployment", id } };
  return { action, principal, context, resource: { type: "Column", id, classes } };
}
