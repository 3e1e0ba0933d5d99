/** The Python of an exported notebook, a cell each. Definitions are those of `shared/stats/metrics.ts`. */
export const reproduce = {
  open: `
import json
import numpy as np
import pandas as pd
import onnxruntime
from sklearn import metrics as sk

signature = json.load(open("signature.json"))
recorded = json.load(open("recorded.json"))
task, classes, threshold = signature["task"], signature["classes"], signature["threshold"]
checked = []

def answers_of(frame):
    """Probabilities (rows x classes), or values."""
    if task == "regression":
        return frame["value"].to_numpy()
    return frame[[f"probability_{k}" for k in range(len(classes))]].to_numpy()

def figures(labels, answers, at=None):
    """The metrics of the task; those that need a threshold only where one is given."""
    if task == "regression":
        error = answers - labels
        return {"rmse": np.sqrt(np.mean(error**2)), "mae": np.mean(np.abs(error)), "r2": sk.r2_score(labels, answers)}
    own = np.clip(answers[np.arange(len(labels)), labels], 1e-15, 1 - 1e-15)
    found = {"log_loss": -np.mean(np.log(own))}
    present = [k for k in range(len(classes)) if 0 < np.sum(labels == k) < len(labels)]
    if task == "binary":
        positive = answers[:, 1]
        found["brier"] = np.mean((positive - labels) ** 2)
        if present:
            found["roc_auc"] = sk.roc_auc_score(labels, positive)
            found["average_precision"] = sk.average_precision_score(labels, positive)
        served = None if at is None else (positive >= at).astype(int)
    else:
        if len(present) > 1:
            found["roc_auc"] = np.mean([sk.roc_auc_score(labels == k, answers[:, k]) for k in present])
        served = answers.argmax(axis=1)
    if served is not None:
        found["accuracy"] = np.mean(served == labels)
        found["f1_macro"] = sk.f1_score(labels, served, average="macro")
    return found

def compare(what, found, wanted):
    for name, value in found.items():
        if name in wanted:
            checked.append({"what": what, "metric": name, "recomputed": value, "recorded": wanted[name]})
`,
  holdout: `
if recorded["holdout"]:
    sealed = pd.read_parquet("holdout_predictions.parquet")
    labels = sealed["label"].to_numpy() if task == "regression" else sealed["label"].to_numpy().astype(int)
    compare("hold-out", figures(labels, answers_of(sealed), threshold), recorded["holdout"]["metrics"])
pd.DataFrame(checked)
`,
  folds: `
kept = pd.read_parquet("out_of_fold.parquet")
kept = kept[kept["fold"] >= 0]
each = []
for fold, rows in kept.groupby("fold"):
    labels = rows["label"].to_numpy() if task == "regression" else rows["label"].to_numpy().astype(int)
    each.append(figures(labels, answers_of(rows)))
compare("cross-validation", pd.DataFrame(each).mean().to_dict(), {k: v["mean"] for k, v in recorded["cv"].items()})
pd.DataFrame(checked)
`,
  onnx: `
matrix = pd.read_parquet("training.parquet")
session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])

def feed(frame):
    """The graph's inputs: numbers as float64 with NaN where missing, categories as text with "" where missing."""
    out = {}
    for one in signature["inputs"]:
        column = frame[one["feature"]]
        if one["type"] == "number":
            values = column.astype("float64").to_numpy()
        else:
            values = np.array(["" if v is None or v != v else str(v) for v in column], dtype=object)
        out[one["name"]] = values.reshape(-1, 1)
    return out

def score(frame):
    wanted = "value" if task == "regression" else "probabilities"
    answer = session.run([wanted], feed(frame))[0]
    return answer.reshape(-1) if task == "regression" else answer

reference = pd.read_parquet("reference_scores.parquet")
first = matrix.set_index("row").loc[reference["row"]].reset_index()
apart = np.max(np.abs(score(first) - answers_of(reference)))
checked.append({"what": "model.onnx", "metric": "largest difference", "recomputed": apart, "recorded": 0.0})
f"{len(matrix)} rows scored, the first {len(reference)} compared" if len(score(matrix)) == len(matrix) else "a row has no score"
`,
  end: `
result = pd.DataFrame(checked)
result["difference"] = (result["recomputed"] - result["recorded"]).abs()
off = result[~(result["difference"] <= 1e-6 * np.maximum(1, result["recorded"].abs()))]
assert len(off) == 0, f"not reproduced:\\n{off}"
print(f"{len(result)} figures reproduced, the largest difference is {result['difference'].max():.2e}")
result
`,
};
