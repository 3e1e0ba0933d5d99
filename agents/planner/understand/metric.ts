import type { Problem } from "@muster/shared/domain/problem.ts";
import { fault } from "@muster/shared/fault.ts";
import { type Read, readFirst } from "./clause.ts";

/** A metric that a problem may be judged by. */
export type Metric = Problem["metric"];

const names: [RegExp, Metric | null][] = [
  [
    /average[ _-]precision|(?:area under )?pr[ _-]?auc|auc[ _-]?pr|auprc|precision[- ]recall(?: auc| curve)?/,
    "average_precision",
  ],
  [/roc[ _-]?auc|auc[ _-]?roc|auroc|area under (?:the )?(?:roc )?curve|auc/, "roc_auc"],
  [/log[ _-]?loss|cross[- ]entropy/, "log_loss"],
  [/(?:macro[ -])?f1(?:[ _-]?(?:score|macro))?|f-?measure/, "f1_macro"],
  [/accuracy/, "accuracy"],
  [/rmse|root[ -]mean[ -]squared?[ -]error/, "rmse"],
  [/mae|mean[ -]absolute[ -]error/, "mae"],
  [/r2|r²|r\^2|r[ -]squared/, "r2"],
  [/brier(?: score)?|mape|recall|precision|gini|mcc|lift/, null],
];
const lead =
  "(?:optimi[sz](?:e|ing)(?: for)?|maximi[sz](?:e|ing)|minimi[sz](?:e|ing)|(?:judged?|measured?|evaluated?|scored?|ranked?|chosen|choose)? *\\bby|metric(?: is|:|=)?|in terms of|best|lowest|highest|target metric|with|using|use|for)";

/** Reads the metric of a text: "by F1", "optimise average precision", "metric: rmse". One that can't be used is `invalid_input`. */
export function readMetric(text: string): Read<Metric | null> {
  const read = readFirst<{ metric: Metric | null; said: string }>(
    text,
    names.map(([pattern, metric]) => [
      new RegExp(
        `\\b${lead}\\s+(?:the\\s+|a\\s+|good\\s+|best\\s+|high\\s+|low\\s+|highest\\s+|lowest\\s+)?(${pattern.source})(?![\\w²])(?:\\s+(?:as|is)\\s+(?:the\\s+|a\\s+)?metric)?`,
        "i",
      ),
      (m) => ({ metric, said: m[1]! }),
    ]),
  );
  if (read.value && read.value.metric === null)
    throw fault(
      "invalid_input",
      `a model can't be chosen by ${read.value.said.toLowerCase()}; choose one of roc_auc, average_precision, log_loss, f1_macro, accuracy, rmse, mae, r2`,
    );
  return { value: read.value?.metric ?? null, rest: read.rest };
}
