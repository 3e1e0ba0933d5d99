import { Purpose, RoleName } from "@muster/shared/domain/policy.ts";
import { z } from "zod";

/** Who asks: the person for whom data access is decided, with the roles they have now. */
export const Principal = z.object({ person: z.string().min(1), roles: z.array(RoleName) });
export type Principal = z.infer<typeof Principal>;

/** Under what circumstances. `approvals`: roles in which somebody approved exactly this. `at`: the moment (UTC). */
export const Situation = z.object({
  purpose: Purpose,
  environment: z.string().min(1),
  approvals: z.array(RoleName),
  at: z.iso.datetime(),
});
export type Situation = z.infer<typeof Situation>;

/**
 * What a policy can ask of a model's fairness: the protected attributes that were compared and those that could not be,
 * the smallest ratio of outcome rates and of true positive rates between two groups of one attribute, and how well the
 * features tell an attribute (area under the ROC curve). A figure that nothing gives is absent.
 */
export const FairnessFacts = z.object({
  compared: z.array(z.string()),
  uncompared: z.array(z.string()),
  worstRatio: z.number().nonnegative().optional(),
  worstTprRatio: z.number().nonnegative().optional(),
  worstProxyAuc: z.number().nonnegative().optional(),
});
export type FairnessFacts = z.infer<typeof FairnessFacts>;

/** What takes back what is live or tried: to an earlier version, for good, or a test of a version beside it. */
export const Change = z.enum(["roll_back", "retire", "end_test"]);
export type Change = z.infer<typeof Change>;

const classes = z.array(z.string());

/**
 * One question to the policies: may this person do this to that, now? What a policy can test is in the Cedar schema
 * `policies/muster.cedarschema`. `classes` are those of `classesOf`; a dataset's `featureClasses` are those of the
 * columns that would become features, a model's `classes` those of its features; a deployment has none.
 */
export const Question = z.discriminatedUnion("action", [
  z.object({
    action: z.literal("train"),
    principal: Principal,
    context: Situation,
    resource: z.object({ type: z.literal("Dataset"), id: z.string(), classes, featureClasses: classes }),
  }),
  z.object({
    action: z.literal("deploy"),
    principal: Principal,
    context: Situation.extend({ fairness: FairnessFacts }),
    resource: z.object({ type: z.literal("Model"), id: z.string(), classes, exploratory: z.boolean() }),
  }),
  z.object({
    action: Change,
    principal: Principal,
    context: Situation,
    resource: z.object({ type: z.literal("Deployment"), id: z.string() }),
  }),
  z.object({
    action: z.enum(["use_as_feature", "use_as_key", "use_as_label", "use_for_evaluation", "read"]),
    principal: Principal,
    context: Situation,
    resource: z.object({ type: z.literal("Column"), id: z.string(), classes }),
  }),
]);
export type Question = z.infer<typeof Question>;
export type Action = Question["action"];
export type ColumnAction = Extract<Question, { resource: { type: "Column" } }>["action"];
