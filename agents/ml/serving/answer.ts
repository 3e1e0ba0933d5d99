import type { Log } from "@muster/bus/context.ts";
import { asFault } from "@muster/shared/fault.ts";
import { afterAnswer } from "./after-answer.ts";
import { loggedPart, type Part, partOf, type Sides, scoreSplit } from "./answer-split.ts";
import type { LoadedModel, ScoredRows } from "./loaded-model.ts";
import type { Protocol, ServingMetrics } from "./metrics.ts";
import type { Models, SplitLease } from "./models.ts";
import type { PredictionLog } from "./prediction-log.ts";
import type { ServedModel } from "./served-model.ts";
import { type SentTable, typedTable } from "./table.ts";
import { patienceFor, within } from "./within.ts";

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
      const score = async (model: LoadedModel, places: Int32Array): Promise<Part> => {
        const whole = model === lease.live && places.length === table.rows;
        const part = whole ? table : partOf(table, places, model.served);
        const began = performance.now();
        const of = { model: name, version: model.served.version, split: salt ?? "" };
        try {
          const work = model.score(part, at);
          // One that hangs costs no caller an answer, and stays held until it ends.
          if (model !== lease.live) under.push(work.then(ended, ended));
          const scored = await (model === lease.live ? work : within(work, patienceFor(part.rows)));
          const seconds = (performance.now() - began) / 1000;
          scoring.metrics.scored({ ...of, rows: part.rows, seconds });
          return { model, places, scored, seconds };
        } catch (error) {
          // What the live version refuses may be the caller's fault; what it takes and another can't is the other's.
          if (model !== lease.live || scoring.statusOf(error) >= 500) scoring.metrics.failed(of);
          throw error;
        }
      };
      if (!lease.beside) {
        const part = await score(
          lease.live,
          Int32Array.from({ length: table.rows }, (_, row) => row),
        );
        rows = part.scored.rows;
        scoring.predictions.append(loggedPart(request, part, table, named ? "asked" : "answer"));
        return { served, scored: part.scored, sides: null };
      }
      const failing = new Set<number>();
      const failed = ({ version }: ServedModel, error: unknown) => {
        failing.add(version);
        scoring.log.warn({ model: name, version, code: asFault(error).code }, "a version beside the live one failed");
      };
      const { live, beside } = lease;
      const { scored, parts, sides } = await scoreSplit(table, live, beside, { score, failed });
      rows = scored.rows;
      for (const part of parts) {
        const roles = Array.from(part.places, (row) => (sides.actedOn[row] ? "answer" : "control"));
        scoring.predictions.append(loggedPart(request, part, table, roles));
      }
      const shadowed = (part: Part) => scoring.predictions.append(loggedPart(request, part, table, "shadow"));
      const gone = ({ version }: ServedModel, because: string) =>
        scoring.log.warn({ model: name, version, because }, "a version beside the live one lost its traffic");
      under.push(...afterAnswer({ table, live, beside, parts, failing }, { score, failed, shadowed, gone }));
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

const ended = (): void => {};

function single(models: Models, { model, want }: Asked): SplitLease {
  const lease = models.lease(model, want);
  return { live: lease.model, beside: null, release: lease.release };
}
