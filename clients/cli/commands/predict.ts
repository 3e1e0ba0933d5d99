import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { callersFolder } from "@muster/shared/config.ts";
import { fault } from "@muster/shared/fault.ts";
import { type Command, readArgs, usageFault } from "../command.ts";
import { runningSwarm } from "../swarm.ts";
import { table } from "../table.ts";

type Prediction = { prediction: unknown; probabilities?: Record<string, number> };

export const predict: Command = {
  name: "predict",
  usage: "predict MODEL[@ALIAS|/VERSION] FILE.csv|FILE.json|JSON",
  does: "scores rows at the serving process; says which columns of a file it didn't need",
  async run(args) {
    const { positionals } = readArgs(this, args, {}, { min: 2, max: 2 });
    const [model, source] = positionals as [string, string];
    if (!/^[a-z][a-z0-9_]*(@[a-z]+|\/\d+)?$/.test(model)) throw usageFault(this, `${model} is not a model's name`);
    const { type, body } = payload(source);
    const { urls } = runningSwarm();
    const response = await fetch(`${urls.serving}/invocations?model=${encodeURIComponent(model)}&extra=ignore`, {
      method: "POST",
      headers: { "content-type": type },
      body,
    }).catch((error: unknown) => {
      throw fault("unavailable", "the serving process does not answer; npx muster status says what runs", {}, error);
    });
    const answer = (await response.json().catch(() => null)) as {
      predictions?: (Prediction | number)[];
      error?: string;
      model?: string;
      version?: string | number;
    } | null;
    if (!response.ok || !answer?.predictions)
      throw fault(
        response.status === 404 ? "not_found" : response.status < 500 ? "invalid_input" : "unavailable",
        answer?.error ?? `serving answered ${response.status}`,
      );
    const ignored = response.headers.get("muster-columns-ignored");
    if (ignored) process.stderr.write(`not read: ${ignored.split(",").map(decodeURIComponent).join(", ")}\n`);
    const rows = answer.predictions.map((one) =>
      typeof one === "object" && one !== null
        ? { prediction: one.prediction, probabilities: one.probabilities ?? null }
        : { prediction: one, probabilities: null },
    );
    const document = {
      model: model.replace(/[@/].*$/, ""),
      version: Number(response.headers.get("muster-model-version")) || null,
      rows,
    };
    const classes = Object.keys(rows[0]?.probabilities ?? {});
    return {
      document,
      words: table(
        ["#", "prediction", ...classes],
        rows.map((row, i) => [i + 1, row.prediction, ...classes.map((name) => row.probabilities?.[name])]),
      ),
    };
  },
};

function payload(source: string): { type: string; body: string } {
  if (/^\s*[[{]/.test(source)) return { type: "application/json", body: records(source) };
  const path = resolve(callersFolder(), source);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw fault("not_found", `no file ${source}`, {}, error);
  }
  return /\.json$/i.test(source) ? { type: "application/json", body: records(text) } : { type: "text/csv", body: text };
}

/** Rows as MLflow's records: a row, or a list of rows; a body in one of its own forms goes as it is. */
function records(text: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw fault("invalid_input", "the rows are not JSON");
  }
  if (Array.isArray(value)) return JSON.stringify({ dataframe_records: value });
  const forms = ["dataframe_split", "dataframe_records", "instances", "inputs"];
  return forms.some((form) => form in (value as object)) ? text : JSON.stringify({ dataframe_records: [value] });
}
