import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { Estimator, Tree } from "../fitted.ts";
import type { Booster } from "./booster.ts";

const EngineTree = z.object({
  left_children: z.array(z.number()),
  right_children: z.array(z.number()),
  split_indices: z.array(z.number()),
  split_conditions: z.array(z.number()),
  default_left: z.array(z.union([z.number(), z.boolean()])),
  split_type: z.array(z.number()).optional(),
  /** Splits on categories: their nodes, and where the codes of each stand in `categories`. */
  categories: z.array(z.number()).default([]),
  categories_nodes: z.array(z.number()).default([]),
  categories_segments: z.array(z.number()).default([]),
  categories_sizes: z.array(z.number()).default([]),
  sum_hessian: z.array(z.number()),
});

const EngineModel = z.object({
  learner: z.object({
    learner_model_param: z.object({ base_score: z.string(), num_class: z.string() }),
    objective: z.object({ name: z.string() }),
    gradient_booster: z.object({
      name: z.literal("gbtree"),
      model: z.object({ trees: z.array(EngineTree), tree_info: z.array(z.number()) }),
    }),
  }),
});

const links = {
  "binary:logistic": "logistic",
  "multi:softprob": "softmax",
  "multi:softmax": "softmax",
  "reg:squarederror": "identity",
} as const;

type TreesEstimator = Extract<Estimator, { kind: "trees" }>;

/**
 * The trees of a booster as data, with the base margin: the engine keeps `base_score` as a probability for the
 * logistic objective and as a margin for the others, one number or (since 3.1) a list in brackets.
 * Float32 throughout: thresholds and leaves are exactly the engine's. A forest's averaging is in its leaves.
 * Throws `internal` for a model of another kind (DART, linear, an objective we don't train).
 */
export function treesOf(booster: Pick<Booster, "save">, family: TreesEstimator["family"]): TreesEstimator {
  const { learner } = EngineModel.parse(JSON.parse(withoutNan(Buffer.from(booster.save("json")).toString("utf8"))));
  const link = links[learner.objective.name as keyof typeof links];
  if (!link) throw fault("internal", `no way to read a model of objective ${learner.objective.name}`);
  const { trees, tree_info } = learner.gradient_booster.model;
  return {
    kind: "trees",
    family,
    trees: trees.map(treeOf),
    group: tree_info,
    base: baseMargins(learner.learner_model_param, link),
    link,
  };
}

function baseMargins(param: { base_score: string; num_class: string }, link: TreesEstimator["link"]): number[] {
  const outputs = Math.max(1, Number(param.num_class));
  const scores = param.base_score.replace(/[[\]]/g, "").split(",").map(Number);
  return Array.from({ length: outputs }, (_, k) => {
    const score = Math.fround(scores[k] ?? scores[0]!);
    return Math.fround(link === "logistic" ? -Math.log(1 / score - 1) : score);
  });
}

function treeOf(tree: z.infer<typeof EngineTree>): Tree {
  const leaf = tree.left_children.map((child) => child < 0);
  const conditions = tree.split_conditions.map(Math.fround);
  const members = membersOf(tree);
  return {
    feature: tree.split_indices,
    threshold: conditions.map((value, i) => (leaf[i] || members?.[i] ? 0 : value)),
    ...(members ? { members } : {}),
    left: tree.left_children,
    right: tree.right_children,
    missingLeft: tree.default_left.map(Boolean),
    value: conditions.map((value, i) => (leaf[i] ? value : 0)),
    cover: tree.sum_hessian,
  };
}

/** A split on a category has no threshold, for which the engine writes NaN: no JSON. */
const withoutNan = (json: string): string => json.replace(/(?<=[[,])NaN(?=[,\]])/g, "0");

/** The codes that go right at each split on a category; null where there is no such split. */
function membersOf(tree: z.infer<typeof EngineTree>): (number[] | null)[] | null {
  if (tree.categories_nodes.length === 0) return null;
  const members: (number[] | null)[] = tree.left_children.map(() => null);
  for (const [i, node] of tree.categories_nodes.entries()) {
    const start = tree.categories_segments[i]!;
    members[node] = tree.categories.slice(start, start + tree.categories_sizes[i]!).sort((a, b) => a - b);
  }
  return members;
}
