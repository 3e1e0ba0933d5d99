import type { Answer } from "@muster/shared/domain/request.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { citing, citingTool } from "./cite.ts";
import type { AnswerInput } from "./facts.ts";
import { count, listed, merit, sentence } from "./say.ts";

/** The answer to "check": whether the dataset may be used, and each check that failed, with what it says. */
export function checkText(passed: FactValue<"quality.passed">, input: AnswerInput): string {
  const mark = citing(input)("quality.passed");
  const { checks, statistics, dataset } = passed;
  const name = dataset.split("@")[0]!;
  const failed = checks.filter((check) => !check.success);
  const refused = statistics.evaluated === 0 || failed.some((check) => check.severity === "error");
  const verdict = refused ? `${name} may not be used` : `${name} may be used`;
  return [
    sentence(`${verdict}: ${count(statistics.successful)} of ${count(statistics.evaluated)} checks hold`, mark),
    ...failed.map((check) =>
      sentence(`${check.severity === "error" ? "Failed" : "Noted"}: ${check.name}: ${check.message}`, mark),
    ),
    ...passed.repair.map((one) => sentence(`To repair it: ${one}`, mark)),
  ].join("\n");
}

/** The answer to "profile": how large the dataset is, where it is empty, what in it is personal data. */
export function profileText(output: Answer["output"], input: AnswerInput): string {
  const profile = input.facts["dataset.profiled"]!;
  const cite = citing(input);
  const shown = output as {
    columns: { name: string; nullShare: number; constant: boolean; idLike: boolean; pii?: boolean }[];
  };
  const empty = shown.columns.filter((column) => column.nullShare > 0).sort((a, b) => b.nullShare - a.nullShare);
  const names = (list: typeof shown.columns) => listed(list.map((column) => column.name));
  const constant = shown.columns.filter((column) => column.constant);
  const ids = shown.columns.filter((column) => column.idLike);
  const pii = shown.columns.filter((column) => column.pii);
  const of = cite("dataset.profiled");
  return [
    sentence(
      `${profile.dataset} holds ${count(profile.rows)} rows of ${count(shown.columns.length)} columns; ${count(profile.duplicates.rows)} rows repeat an earlier one`,
      of,
    ),
    ...(empty.length > 0
      ? [
          sentence(
            `With empty cells (share of rows): ${listed(empty.map((column) => `${column.name} ${merit(column.nullShare)}`))}`,
            of,
          ),
        ]
      : [sentence("No cell is empty", of)]),
    ...(constant.length > 0 ? [sentence(`Always the same: ${names(constant)}`, of)] : []),
    ...(ids.length > 0 ? [sentence(`Naming rows: ${names(ids)}`, of)] : []),
    ...(pii.length > 0 ? [sentence(`Personal data: ${names(pii)}`, cite("dataset.classified"))] : []),
  ].join("\n");
}

const verdicts: Record<string, string> = {
  drifted: "have drifted",
  not_drifted: "have not drifted",
  abstained: "can't be told to have drifted or not",
};

/** The answer to "has it drifted": the verdict with its reason, the two windows, and each column that drifted. */
export function driftText(drift: NonNullable<Answer["drift"]>, input: AnswerInput): string {
  const mark = citing(input)("drift.checked");
  const name = input.facts["drift.checked"]?.deployment ?? "the deployment";
  const drifted = drift.columns.filter((column) => column.verdict === "drifted");
  const measured = drifted.map((column) => {
    const figures =
      column.score === null
        ? ""
        : ` ${merit(column.score)}${column.threshold === null ? "" : ` above ${merit(column.threshold)}`}`;
    return `${column.name} (${column.method}${figures})`;
  });
  return [
    sentence(`The data of ${name} ${verdicts[drift.verdict] ?? drift.verdict}: ${drift.reason}`, mark),
    sentence(`Compared: ${drift.current} with the reference ${drift.reference}`, mark),
    ...(measured.length > 0 ? [sentence(`Drifted: ${listed(measured)}`, mark)] : []),
  ].join("\n");
}

/** The answer that is one tool's output: what the tool says of it, else that it stands in the field. */
export function outputText(output: unknown, input: AnswerInput): string {
  const last = input.steps.findLast((step) => step.status === "succeeded");
  const mark = citingTool(input.steps, (tool) => tool === last?.tool);
  const verdict = (output as { verdict?: unknown } | null)?.verdict;
  if (typeof verdict === "string" && verdict !== "") return sentence(verdict, mark);
  return sentence(`${last?.tool ?? "The tool"} has answered; what it gave stands in the field output`, mark);
}
