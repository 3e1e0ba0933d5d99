import type { Answer } from "@muster/shared/domain/request.ts";
import { droppedOf } from "./dropped.ts";
import type { AnswerInput, Facts } from "./facts.ts";
import { problemFields } from "./problem-fields.ts";

type Fields = Omit<Answer, "text">;

/** The fields of an answer: what the facts hold, for what was asked. A part that the request has no use for is absent. */
export function fieldsOf(input: AnswerInput): Fields {
  const { facts, intent } = input;
  switch (intent) {
    case "call":
    case "find":
      return { output: input.output, ...(facts["improvement.proposed"] && improvementFields(input)) };
    case "check":
      return facts["quality.passed"] ? { output: facts["quality.passed"] } : {};
    case "profile":
      return profileFields(facts);
    case "drift":
      return driftFields(facts);
    case "slices":
      return slicesFields(facts);
    case "improve":
      return improvementFields(input);
    default:
      return { ...modelFields(input), ...(facts["drift.checked"] && driftFields(facts)) };
  }
}

function modelFields(input: AnswerInput): Fields {
  const { facts } = input;
  const problem = facts["problem.defined"];
  const model = modelOf(facts);
  const written = facts["predictions.written"];
  const live = facts["deployment.live"];
  const monitoring = facts["monitoring.started"];
  const cost = costOf(input);
  return {
    ...(problem && { problem: problemFields(problem) }),
    ...(model && { model }),
    ...(written && { predictions: { dataset: written.dataset, rows: written.rows } }),
    ...(live && { deployment: { name: live.name, url: live.url } }),
    ...(monitoring && { monitoring: { schedule: monitoring.cron, nextRun: monitoring.nextRun } }),
    ...(cost && { cost }),
  };
}

/** The rounds and what they came to; of the model only where the challenger was kept: else the one before stays. */
function improvementFields(input: AnswerInput): Fields {
  const { facts, requests } = input;
  const [proposed, compared] = [facts["improvement.proposed"], facts["improvement.compared"]];
  // What an earlier request confirmed is where this one began, not what it came to.
  const confirmed = requests?.["improvement.confirmed"] === undefined ? facts["improvement.confirmed"] : undefined;
  const problem = facts["problem.defined"];
  const kept = confirmed?.kept ?? false;
  const told = [...(compared?.tried ?? []), ...(proposed?.view === null ? [proposed] : [])];
  const thoughts = told.flatMap(({ thought }) => thought ?? []);
  return {
    ...(kept ? modelFields(input) : problem && { problem: problemFields(problem) }),
    improvement: {
      rounds: compared?.tried ?? [],
      why: proposed?.view === null ? proposed.why : null,
      ...{ lift: confirmed?.lift ?? null, look: confirmed?.look ?? null, kept },
      ...(thoughts.length > 0 && { thoughts }),
    },
  };
}

function modelOf(facts: Facts): Answer["model"] {
  const run = facts["run.finished"];
  const evaluated = facts["model.evaluated"];
  const named = facts["deployment.live"] ?? facts["model.registered"];
  if (!run || !evaluated || !named) return undefined;
  return {
    name: facts["model.registered"]?.name ?? named.name,
    version: named.version,
    hash: named.hash,
    algorithm: run.algorithm,
    metrics: evaluated.metrics,
    intervals: evaluated.intervals,
    cv: run.cv,
    baseline: evaluated.baseline,
    ...(evaluated.seasonal && { seasonal: evaluated.seasonal }),
    holdoutLook: evaluated.look,
    threshold: evaluated.threshold ?? run.threshold,
    candidates: run.board,
    features: facts["model.explained"]?.importance ?? [],
    dropped: droppedOf(facts),
    ...(run.adjustments?.length && { adjustments: run.adjustments }),
  };
}

/**
 * What it cost. Nothing was trained: zeros, and the seconds the answer took. Else the estimate's middle beside what the
 * run took; the run is priced by the table, or where that isn't known at the estimate's own rate.
 */
function costOf({ facts, standing, seconds, actualUsd }: AnswerInput): Answer["cost"] {
  const run = facts["run.finished"];
  const estimate = facts["training.estimated"];
  const none = { estimatedUsd: 0, actualUsd: 0, estimatedCpuSeconds: 0, actualCpuSeconds: 0, peakMemoryMb: 0 };
  if (standing) return { ...none, seconds };
  if (!run || !estimate) return undefined;
  const { usd, cpuSeconds } = estimate;
  return {
    estimatedUsd: usd.mid,
    actualUsd: actualUsd ?? (cpuSeconds.mid > 0 ? (usd.mid / cpuSeconds.mid) * run.cpuSeconds : 0),
    estimatedCpuSeconds: cpuSeconds.mid,
    actualCpuSeconds: run.cpuSeconds,
    seconds,
    peakMemoryMb: run.peakMemoryMb,
  };
}

/** Where the model is wrong, with the question that it answers. */
function slicesFields(facts: Facts): Fields {
  const [problem, found] = [facts["problem.defined"], facts["slices.found"]];
  return { ...(problem && { problem: problemFields(problem) }), ...(found && { output: found }) };
}

function driftFields(facts: Facts): Fields {
  const checked = facts["drift.checked"];
  if (!checked) return {};
  const { verdict, reason, reference, current, columns, prediction } = checked.report;
  const shown = [...columns, ...(prediction ? [prediction] : [])];
  return {
    drift: {
      verdict,
      reason,
      reference,
      current,
      columns: shown.map(({ name, method, score, threshold, verdict }) => ({
        name,
        method,
        score,
        threshold,
        verdict,
      })),
    },
  };
}

/** A profile without the values it counted: names, types and counts, and which columns are personal data. */
function profileFields(facts: Facts): Fields {
  const profile = facts["dataset.profiled"];
  if (!profile) return {};
  const classes = new Map(facts["dataset.classified"]?.columns.map((column) => [column.name, column]));
  const columns = profile.columns.map(({ name, type, nullShare, distinct, constant, idLike }) => ({
    ...{ name, type, nullShare, distinct, constant, idLike },
    ...(classes.has(name) && {
      pii: classes.get(name)!.pii,
      kinds: [...new Set(classes.get(name)!.tags.map((tag) => tag.kind))],
    }),
  }));
  const { dataset, version, rows, duplicates } = profile;
  return { output: { dataset, version, rows, duplicateRows: duplicates.rows, columns } };
}
