import type { ScoredRows } from "./loaded-model.ts";
import type { Protocol, ServingMetrics } from "./metrics.ts";
import type { Models } from "./models.ts";
import type { PredictionLog } from "./prediction-log.ts";
import type { ServedModel } from "./served-model.ts";
import { type SentTable, typedTable } from "./table.ts";

/** What both protocols stand on to answer. */
export type Scoring = {
  models: Models;
  predictions: PredictionLog;
  metrics: ServingMetrics;
  now: () => Date;
  newId: () => string;
  /** The HTTP status of an error, for the metrics. */
  statusOf: (error: unknown) => number;
};

/** A scoring request as a protocol understood it: which model is meant, and how to read the rows once its signature is known. */
export type Asked = {
  model: string;
  want: { version?: string; alias?: string };
  request: string;
  rows: (served: ServedModel) => SentTable;
};

/**
 * Answers one request: holds the model, checks and scores the rows, logs every prediction before the caller gets it,
 * counts the request. The version is held to the end, so `served` is what made the answer.
 */
export async function answer(
  scoring: Scoring,
  protocol: Protocol,
  read: () => Asked,
): Promise<{ served: ServedModel; scored: ScoredRows }> {
  const started = performance.now();
  let name = "";
  let rows = 0;
  let status = 200;
  try {
    const asked = read();
    const lease = scoring.models.lease(asked.model, asked.want);
    try {
      const { served } = lease.model;
      name = served.name;
      const table = typedTable(served, asked.rows(served));
      const at = scoring.now();
      const scored = await lease.model.score(table, at);
      rows = scored.rows;
      const { predictions, probabilities, features } = scored;
      scoring.predictions.append({
        ...{ request: asked.request, at: at.toISOString(), model: name, version: served.version, rows },
        ...{ keys: table.keys, features, predictions, probabilities, classes: served.output.classes },
      });
      return { served, scored };
    } finally {
      lease.release();
    }
  } catch (error) {
    status = scoring.statusOf(error);
    throw error;
  } finally {
    scoring.metrics.observe({ protocol, model: name, status, rows, seconds: (performance.now() - started) / 1000 });
  }
}
