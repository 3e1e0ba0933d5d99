/**
 * A fitted model as data: everything learned from the training file, from raw features to calibrated output.
 * The trainer makes it, the ONNX compiler turns it into one graph, the explainer reads it. JSON-serialisable.
 */
export type FittedModel = {
  task: "binary" | "multiclass" | "regression";
  /** Class labels in output order (binary: [negative, positive]); empty for regression. */
  classes: string[];
  /** The graph's inputs in order: one per feature of the view that the model uses. */
  inputs: FittedInput[];
  /** The design matrix, column by column, each from one input. */
  encoding: EncodedColumn[];
  estimator: Estimator;
  calibration: Calibration;
  /** Binary: probability at or above which the positive class is served. Null otherwise. */
  threshold: number | null;
};

/** `number`: float64 with NaN for missing. `category`: string, "" for missing. */
export type FittedInput = { name: string; type: "number" | "category" };

/**
 * One column of the design matrix.
 * `number`: (x − mean) / scale after imputing; impute null: NaN stays NaN (trees route it).
 * `missing`: 1 where the input is missing.
 * `one_hot`: 1 where the input equals the category.
 * `target`: the smoothed target statistic of the category; unseen or missing gets `prior`.
 * `ordinal`: the rank of the category in `categories`; unseen → NaN.
 */
export type EncodedColumn =
  | { op: "number"; input: number; impute: number | null; mean: number; scale: number }
  | { op: "missing"; input: number }
  | { op: "one_hot"; input: number; category: string }
  | { op: "target"; input: number; values: Record<string, number>; prior: number }
  | { op: "ordinal"; input: number; categories: string[] };

/** A regression tree in arrays; node 0 is the root; `left[i] < 0` marks a leaf whose output is `value[i]`. */
export type Tree = {
  feature: number[];
  /** Goes left where `x < threshold` in float32. */
  threshold: number[];
  /** Of splits on a category's code: the codes that go right, rising; the others go left. Null, or absent, for numbers. */
  members?: (number[] | null)[];
  left: number[];
  right: number[];
  /** Where a missing value goes. */
  missingLeft: boolean[];
  value: number[];
  /** Weight of the training rows that reached each node (XGBoost: the sum of Hessians); TreeSHAP needs it. */
  cover?: number[];
};

export type Estimator =
  /** Margin per output = base + Σ trees of that output (`group[i]` is the output of tree i). A forest's averaging is in the leaf values. */
  | {
      kind: "trees";
      family: "xgboost" | "random_forest";
      trees: Tree[];
      group: number[];
      base: number[];
      link: "logistic" | "softmax" | "identity";
    }
  /** Margin = intercept + coefficients · x; one row per output (binary and regression: one). Float64. */
  | { kind: "linear"; coefficients: number[][]; intercept: number[]; link: "logistic" | "softmax" | "identity" }
  /** Margin = Σ weight × the member's margin, in float64. */
  | { kind: "ensemble"; members: Member[]; link: "logistic" | "softmax" | "identity" }
  /** The baseline: class shares, or the mean. */
  | { kind: "constant"; output: number[] };

/** A model within an ensemble: its weight (above 0), and its own columns of the design matrix, `count` of them from `first` on. */
export type Member = {
  weight: number;
  first: number;
  count: number;
  estimator: Extract<Estimator, { kind: "trees" | "linear" }>;
};

/**
 * Fitted out of fold. `platt`: p' = 1 / (1 + exp(−(slope · margin + intercept))) on the binary margin.
 * `temperature`: softmax(margin / temperature) for multiclass.
 */
export type Calibration =
  | { kind: "none" }
  | { kind: "platt"; slope: number; intercept: number }
  | { kind: "temperature"; temperature: number };
