import type { Log } from "@muster/bus/context.ts";
import { asFault } from "@muster/shared/fault.ts";
import { loggedPart, partOf, type Sides, scoreSplit } from "./answer-split.ts";
import type { LoadedModel, ScoredRows } from "./loaded-model.ts";
import type { Protocol, ServingMetrics } from "./metrics.ts";
import type { Models, SplitLease } from "./models.ts";
import type { PredictionLog } from "./prediction-log.ts";
import type { ServedModel } from "./served-model.ts";
import { type RawTable, type SentTable, typedTable } from "./table.ts";

/** What both protocols stand on to answer. */
export type Scoring = {
  models: Models;
  predictions: PredictionLog;
  metrics: ServingMetrics;
  log: Log;
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

/** An answer: the model whose signature was asked, the scored rows, and which version answered which where traffic is split. */
export type Answered = { served: ServedModel; scored: ScoredRows; sides: Sides | null };

/**
 * Answers one request: holds the model, checks and scores the rows, logs every prediction before the caller gets it,
 * counts the request. The version is held to the end, so `served` is what made the answer; where the name's traffic is
 * split, `sides` says for each row which version did. A version or alias that is asked for by name is no part of a split.
 */
export async function answer(scoring: Scoring, protocol: Protocol, read: () => Asked): Promise<Answered> {
  const started = performance.now();
  let name = "";
  let rows = 0;
  let status = 200;
  try {
    const asked = read();
    const named = asked.want.version !== undefined || asked.want.alias !== undefined;
    const lease = named ? single(scoring.models, asked) : scoring.models.leaseSplit(asked.model);
    const under: Promise<void>[] = [];
    try {
      const { served } = lease.live;
      name = served.name;
      const table = typedTable(served, asked.rows(served));
      const at = scoring.now();
      const salt = lease.beside?.split.salt;
      const request = { request: asked.request, at: at.toISOString(), ...(salt !== undefined && { split: salt }) };
      const score = async (model: LoadedModel, part: RawTable) => {
        const began = performance.now();
        const of = { model: name, version: model.served.version, split: salt ?? "" };
        try {
          const scored = await model.score(part, at);
          scoring.metrics.scored({ ...of, rows: part.rows, seconds: (performance.now() - began) / 1000 });
          return scored;
        } catch (error) {
          // What the live version refuses may be the caller's fault; what it takes and another can't is the other's.
          if (model !== lease.live || scoring.statusOf(error) >= 500) scoring.metrics.failed(of);
          throw error;
        }
      };
      const failed = ({ version }: ServedModel, error: unknown) =>
        scoring.log.warn({ model: name, version, code: asFault(error).code }, "a version beside the live one failed");
      if (!lease.beside) {
        const scored = await score(lease.live, table);
        rows = scored.rows;
        const places = Int32Array.from({ length: rows }, (_, row) => row);
        scoring.predictions.append(
          loggedPart(request, { model: lease.live, places, scored }, table, named ? "asked" : "answer"),
        );
        return { served, scored, sides: null };
      }
      const { scored, parts, sides } = await scoreSplit(table, lease.live, lease.beside, { score, failed });
      rows = scored.rows;
      for (const part of parts) {
        const roles = Array.from(part.places, (row) => (sides.actedOn[row] ? "answer" : "control"));
        scoring.predictions.append(loggedPart(request, part, table, roles));
      }
      // After the answer is made: what a shadow does neither delays nor changes it.
      for (const version of lease.beside.split.shadow) {
        const model = lease.beside.models.get(version);
        const places = Int32Array.from(table.keys?.flatMap((key, row) => (key === null ? [] : [row])) ?? []);
        if (!model || places.length === 0) continue;
        const shadow = score(model, partOf(table, places, model.served)).then(
          (own) => scoring.predictions.append(loggedPart(request, { model, places, scored: own }, table, "shadow")),
          (error: unknown) => failed(model.served, error),
        );
        under.push(shadow);
      }
      return { served, scored, sides };
    } finally {
      if (under.length === 0) lease.release();
      else void Promise.all(under).finally(lease.release);
    }
  } catch (error) {
    status = scoring.statusOf(error);
    throw error;
  } finally {
    scoring.metrics.observe({ protocol, model: name, status, rows, seconds: (performance.now() - started) / 1000 });
  }
}

function single(models: Models, { model, want }: Asked): SplitLease {
  const lease = models.lease(model, want);
  return { live: lease.model, beside: null, release: lease.release };
}
