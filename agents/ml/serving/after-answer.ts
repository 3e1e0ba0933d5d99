import { feltSeconds, type Seen } from "../abtest/canary.ts";
import type { ScorePair } from "../abtest/score-shift.ts";
import type { Part } from "./answer-split.ts";
import type { LoadedModel, ScoredRows } from "./loaded-model.ts";
import type { ServedModel } from "./served-model.ts";
import type { Split } from "./split.ts";
import type { SplitWatch } from "./split-watch.ts";
import type { RawTable } from "./table.ts";

/** A split request that is answered: who answered what, and the versions that failed at it. */
export type AnsweredSplit = {
  table: RawTable;
  live: LoadedModel;
  beside: { split: Split; models: ReadonlyMap<number, LoadedModel>; watch: SplitWatch };
  parts: readonly Part[];
  failing: ReadonlySet<number>;
};

/** Scores a part as any version's work is timed and counted; a failure beside the live version, and what a shadow said, are told. */
export type AfterAnswer = {
  score: (model: LoadedModel, places: Int32Array) => Promise<Part>;
  failed: (served: ServedModel, error: unknown) => void;
  shadowed: (part: Part) => void;
  /** A version has lost its traffic. */
  gone: (served: ServedModel, because: string) => void;
};

/** Rows of a request that both versions score at most. */
const comparedRows = 64;

/**
 * What goes on once a split request is answered, so that it neither delays nor changes the answer: shadows score every keyed row,
 * and a version with a share is compared with the live one on some rows that either of them answered. Gives the work under way.
 */
export function afterAnswer(answered: AnsweredSplit, tell: AfterAnswer): Promise<void>[] {
  const { table, live, beside, parts } = answered;
  const { split, models, watch } = beside;
  const keyed = Int32Array.from(table.keys?.flatMap((key, row) => (key === null ? [] : [row])) ?? []);
  if (keyed.length === 0) return [];
  const compare = watch.request();
  const saw = (model: LoadedModel) => (seen: Seen | null) => {
    const because = seen && watch.saw(model.served.version, seen);
    if (because) tell.gone(model.served, because);
  };
  const ofLive = parts.find((part) => part.model === live);
  const held = (versions: readonly number[]) => versions.flatMap((version) => models.get(version) ?? []);
  return [
    ...held(split.arms.map(({ version }) => version)).map((model) =>
      compareArm(answered, model, compare, tell).then(saw(model)),
    ),
    ...held(split.shadow).map((model) =>
      tell
        .score(model, keyed)
        .then((part): Seen => {
          tell.shadowed(part);
          return { failed: false, slow: ofLive ? isSlow(ofLive, part, watch.limits.latency) : null, scores: [] };
        })
        .catch((error: unknown): Seen => failure(model, error, tell))
        .then(saw(model)),
    ),
  ];
}

const nothing = { slow: null, scores: [] };

function failure(model: LoadedModel, error: unknown, { failed }: Pick<AfterAnswer, "failed">): Seen {
  failed(model.served, error);
  return { failed: true, ...nothing };
}

/** What was seen of a version with a share of the traffic: null where it neither answered nor was compared. */
async function compareArm(
  { table, live, beside, parts, failing }: AnsweredSplit,
  model: LoadedModel,
  compare: boolean,
  tell: AfterAnswer,
): Promise<Seen | null> {
  if (failing.has(model.served.version)) return { failed: true, ...nothing };
  const own = parts.find((part) => part.model === model);
  if (!compare) return own ? { failed: false, ...nothing } : null;
  const first = own ?? parts.find((part) => part.model === live);
  const rows = first ? Array.from(first.places.keys()).filter((i) => table.keys![first.places[i]!] !== null) : [];
  const taken = rows.slice(0, comparedRows);
  if (!first || taken.length === 0) return null;
  const places = Int32Array.from(taken, (i) => first.places[i]!);
  let second: Part;
  try {
    second = await tell.score(own ? live : model, places);
  } catch (error) {
    // The live version's own trouble tells nothing of the other.
    return own ? { failed: false, ...nothing } : failure(model, error, tell);
  }
  const at = Array.from(places, (_, i) => i);
  const [ofLive, of] = own ? [second, own] : [first, second];
  const [liveRows, ownRows] = own ? [at, taken] : [taken, at];
  const { task } = model.served.output;
  const scores = at.map((i) => ({
    entity: table.keys![places[i]!]!,
    pairs: pairsOf(task, ofLive.scored, liveRows[i]!, of.scored, ownRows[i]!),
  }));
  return { failed: false, slow: isSlow(ofLive, of, beside.watch.limits.latency), scores };
}

/** Both a run and a row took so many times as long (parts of different sizes differ in one of both), long enough to be felt. */
function isSlow(live: Part, other: Part, latency: number): boolean {
  const run = other.seconds / live.seconds;
  const row = run * (live.scored.rows / other.scored.rows);
  return other.seconds > feltSeconds && Math.min(run, row) > latency;
}

function pairsOf(
  task: ServedModel["output"]["task"],
  live: ScoredRows,
  liveRow: number,
  other: ScoredRows,
  otherRow: number,
): ScorePair[] {
  if (task === "regression") return [[Number(live.predictions[liveRow]), Number(other.predictions[otherRow])]];
  const classes = live.probabilities!.length / live.rows;
  // Of two classes one says it all.
  return Array.from({ length: classes }, (_, k) => k)
    .slice(classes === 2 ? 1 : 0)
    .map((k) => [live.probabilities![liveRow * classes + k]!, other.probabilities![otherRow * classes + k]!]);
}
