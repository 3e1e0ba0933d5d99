import { Fault, fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { treesOf } from "../xgboost/model.ts";
import { checkTrees, type ReadModel } from "./assemble.ts";

const tasks: Record<string, ReadModel["task"]> = {
  "binary:logistic": "binary",
  "multi:softprob": "multiclass",
  "multi:softmax": "multiclass",
  "reg:squarederror": "regression",
};

/** What must stand in the file before its trees are read: which kind of booster, of what, over how many inputs. */
const Head = z.object({
  learner: z.object({
    learner_model_param: z.object({ base_score: z.string(), num_class: z.string(), num_feature: z.string() }),
    objective: z.object({ name: z.string() }),
    feature_names: z.array(z.string()).optional(),
    attributes: z.object({ best_iteration: z.string().optional() }).optional(),
    gradient_booster: z.object({
      name: z.string(),
      model: z.object({
        trees: z.array(z.object({ split_type: z.array(z.number()).optional() })),
        tree_info: z.array(z.number()),
        iteration_indptr: z.array(z.number()).optional(),
        gbtree_model_param: z.object({ num_parallel_tree: z.string().optional() }).optional(),
      }),
    }),
  }),
});

const refused = (why: string, cause?: unknown) =>
  fault("invalid_input", `this model file is refused: ${why}`, {}, cause);

/**
 * Reads a file that XGBoost's `save_model("….json")` wrote: boosted trees of a logistic, softmax or squared-error objective.
 * Where training stopped early, the trees after the best iteration are left out, as XGBoost's own scikit-learn classes do.
 * Nothing of it is run. `invalid_input` for whatever else it is.
 */
export function readXgboostJson(bytes: Uint8Array): ReadModel {
  const head = headOf(bytes);
  const { learner } = head;
  const { name: booster, model } = learner.gradient_booster;
  if (booster !== "gbtree") throw refused(`a ${booster.slice(0, 40)} booster can't be adopted; gbtree can`);
  const task = tasks[learner.objective.name];
  if (!task)
    throw refused(
      `the objective ${learner.objective.name.slice(0, 40)} can't be adopted; those of ${Object.keys(tasks).join(", ")} can`,
    );
  if (model.trees.some(({ split_type }) => split_type?.some((type) => type !== 0)))
    throw refused("it splits on categories natively; train it on one-hot columns to have it adopted");
  const width = Number(learner.learner_model_param.num_feature);
  let estimator: ReadModel["estimator"];
  try {
    estimator = treesOf({ save: () => Buffer.from(bytes) }, "xgboost");
  } catch (error) {
    throw error instanceof Fault
      ? refused(error.message, error)
      : refused("its trees aren't as XGBoost writes them", error);
  }
  if (estimator.kind !== "trees") throw refused("it has no trees");
  const { trees, group, base } = estimator;
  if (base.some((value) => !Number.isFinite(value))) throw refused("its base score isn't a number that it can have");
  const used = usedTrees(learner, base.length, trees.length);
  checkTrees(trees, group, base.length, width);
  const names = learner.feature_names?.length ? learner.feature_names : null;
  return {
    ...{ width, names, task, classes: null },
    estimator: { ...estimator, trees: trees.slice(0, used), group: group.slice(0, used) },
  };
}

function headOf(bytes: Uint8Array): z.infer<typeof Head> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    throw refused('it isn\'t JSON; save it with save_model("….json")', error);
  }
  const read = Head.safeParse(value);
  if (!read.success) throw refused("it isn't a model as XGBoost's save_model writes it", read.error);
  return read.data;
}

/** How many of the trees are used: all, or those up to the best iteration where training stopped early. */
function usedTrees(
  { attributes, gradient_booster }: z.infer<typeof Head>["learner"],
  outputs: number,
  all: number,
): number {
  const best = Number(attributes?.best_iteration ?? Number.NaN);
  if (!Number.isInteger(best) || best < 0) return all;
  const { iteration_indptr, gbtree_model_param } = gradient_booster.model;
  const each = outputs * Number(gbtree_model_param?.num_parallel_tree ?? 1);
  return Math.min(all, iteration_indptr?.[best + 1] ?? (best + 1) * each);
}
