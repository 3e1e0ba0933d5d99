import type { Evidence } from "@muster/bus/evidence.ts";
import type { Engine } from "@muster/shared/warehouse/duckdb.ts";
import { quoteLiteral } from "@muster/shared/warehouse/quote.ts";
import { z } from "zod";
import { scoredOf } from "../holdout.ts";
import type { ServingPackage } from "../serving/package.ts";
import type { Scored } from "../weighted-metrics.ts";
import { matchedWith } from "./match.ts";

/** Matured predictions that are compared at most: the newest. */
const mostRows = 20_000;

/** What evaluate_model stored of each hold-out row that it judged. */
const Judged = z.object({ label: z.array(z.number()), prediction: z.array(z.array(z.number())) });

/** The hold-out as it was judged when the model was evaluated (nothing is opened for this); null where no receipt says so. */
export async function judgedHoldout(
  evidence: Evidence,
  { hash, output }: Pick<ServingPackage, "hash" | "output">,
): Promise<Scored | null> {
  const receipt = await evidence.newest("model.evaluated", { model: hash });
  if (!receipt) return null;
  const { predictions } = await evidence.value<"model.evaluated">(receipt);
  const text = Buffer.from(await evidence.artifact(predictions)).toString("utf8");
  const { label, prediction } = Judged.parse(JSON.parse(text));
  const answers = prediction.map((values) => Float64Array.from(values));
  return scoredOf(output.task, Float64Array.from(label), answers);
}

/** A prediction of a version with what came of it. */
type Told = { label: string; prediction: string; probabilities: string | null };

/**
 * The matured predictions of the live version since it went live whose outcome is known, as the metrics take them: of an
 * engine with the relations `log` and `outcomes`.
 */
export async function maturedPredictions(
  engine: Engine,
  { version, problem, output }: Pick<ServingPackage, "version" | "problem" | "output">,
  since: string,
  now: Date,
): Promise<Scored> {
  const from = `CAST(${quoteLiteral(since.slice(0, 23).replace("Z", ""))} AS TIMESTAMP)`;
  const rows = await engine.query<Told>(`WITH ${matchedWith(problem, now)}
    SELECT __label AS label, __prediction AS prediction, __probabilities AS probabilities FROM matched
    WHERE __matured AND __version = ${version} AND __at >= ${from}
    ORDER BY __at DESC, __request, __row LIMIT ${mostRows}`);
  const { task, classes } = output;
  if (task === "regression") {
    const answers = [Float64Array.from(rows, (row) => Number(row.prediction))];
    return scoredOf(
      task,
      Float64Array.from(rows, (row) => Number(row.label)),
      answers,
    );
  }
  const shares = rows.map((row) => JSON.parse(row.probabilities ?? "{}") as Record<string, number>);
  return scoredOf(
    task,
    Float64Array.from(rows, (row) => classes.indexOf(row.label)),
    classes.map((name) => Float64Array.from(shares, (share) => share[name] ?? Number.NaN)),
  );
}
