import { reproduce } from "./reproduce.ts";

/** What the exported files are opened and recomputed with. Exact: the same figures for years. */
export const requirements = [
  "numpy==2.4.6",
  "pandas==3.1.1",
  "pyarrow==26.0.1",
  "scikit-learn==1.9.1",
  "onnxruntime==1.31.1",
  "nbconvert==7.17.2",
  "ipykernel==7.4.0",
];

type Cell = {
  cell_type: "markdown" | "code";
  id: string;
  metadata: object;
  source: string[];
  outputs?: [];
  execution_count?: null;
};

const lines = (text: string): string[] => text.trim().split(/(?<=\n)/);
const markdown = (id: string, text: string): Cell => ({
  ...{ cell_type: "markdown", id, metadata: {} },
  source: lines(text),
});
const code = (id: string, text: string): Cell => ({
  ...{ cell_type: "code", id, metadata: {}, outputs: [], execution_count: null },
  source: lines(text),
});

/** What the notebook is about, in words. */
export type About = { run: string; model: string; target: string; task: string; algorithm: string; evaluated: boolean };

/**
 * A notebook (nbformat 4.5) that loads the exported files and recomputes the recorded figures in Python, each beside the
 * recorded one; a difference above 1e-6 ends it with an error.
 */
export function notebookOf({ run, model, target, task, algorithm, evaluated }: About): string {
  const cells: Cell[] = [
    markdown(
      "about",
      `# Run ${run}

A ${task} model of \`${target}\` (${algorithm}), SHA-256 \`${model}\`.

| file | what |
| --- | --- |
| \`training.parquet\` | the matrix it was trained on: \`row\`, \`group\` (the first row of the same entity), \`cutoff\`, \`label\`, features; no key of an entity |
| \`out_of_fold.parquet\` | its cross-validated answers, each by a model that hadn't seen the row |
| \`holdout_predictions.parquet\` | its answers to the sealed rows${evaluated ? "" : " (absent: nobody evaluated it)"}; the features of sealed rows stay sealed |
| \`model.onnx\`, \`signature.json\` | the model as it is served, and its inputs and outputs |
| \`reference_scores.parquet\` | what these bytes answered to the first rows of the matrix when they were exported |
| \`recorded.json\` | the figures on record |

Install what it needs with \`pip install -r requirements.txt\`.`,
    ),
    code("open", reproduce.open),
    markdown("holdout_words", "## The sealed hold-out\nEvery figure on record, from the labels and answers alone."),
    code("holdout", reproduce.holdout),
    markdown(
      "folds_words",
      "## Cross-validation\nMeans over folds. What depends on a threshold is left out: each fold has its own, chosen by the other folds.",
    ),
    code("folds", reproduce.folds),
    markdown(
      "onnx_words",
      "## The model itself\nThe ONNX graph over the training matrix, against what it answered at the export.",
    ),
    code("onnx", reproduce.onnx),
    code("end", reproduce.end),
  ];
  const metadata = {
    kernelspec: { display_name: "Python 3", language: "python", name: "python3" },
    language_info: { name: "python" },
  };
  return `${JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata, cells }, null, 1)}\n`;
}
