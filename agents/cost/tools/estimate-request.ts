import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import { type Estimate, Interval, type Prices } from "@muster/shared/domain/estimate.ts";
import { calibrate } from "@muster/shared/estimate/calibrate.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { inUsd } from "../budget.ts";
import { estimateTraining } from "../estimate.ts";
import type { CostDeps } from "../index.ts";
import { cpuOfClock, eitherOf, planSum, type StepEstimate } from "../plan-estimate.ts";
import { usd } from "../price.ts";
import { secondsOfStep } from "../steps/durations.ts";
import type { Duration, StepRow } from "../steps/store.ts";
import { supposedTraining, type Table } from "../supposed-training.ts";

/** Parts of runs that are looked at. */
const newest = 400;
/** What an agent's process may use for a step, counted at most. */
const stepMemoryMb = 1024;
const once: Interval = { low: 1, mid: 1, high: 1 };

const StepCost = z.object({
  tool: z.string(),
  times: Interval,
  seconds: Interval,
  cpuSeconds: Interval,
  memoryMb: z.number(),
  usd: Interval,
  seen: z.number().int(),
});

export const estimateRequest = tool({
  name: "estimate_request",
  does: "Estimates a whole planned request from what its tools and trainings took before. Plan one with autonomy observe, then pass its id.",
  effect: "read",
  input: z.object({ request: z.string().min(1).max(200) }),
  output: z.object({
    seconds: Interval,
    cpuSeconds: Interval,
    usd: Interval,
    memoryMb: z.number(),
    /** The dearest first. */
    steps: z.array(StepCost),
    /** The table that it was estimated on; null where the plan names none. */
    table: z.object({ dataset: z.string(), rows: z.number(), columns: z.number() }).nullable(),
    basedOn: z.object({ runs: z.number().int(), steps: z.number().int() }),
    assumptions: z.array(z.string()),
    verdict: z.string(),
  }),
  cost: { ms: 300 },
  run: async ({ request }, { store, lake, prices, speed, threads }: Context & CostDeps) => {
    const plan = await store.steps.ofRequest(request);
    if (plan.length === 0)
      throw fault(
        "not_found",
        `no plan of ${request} is known; plan a request with --autonomy observe and pass its id a moment after it ended`,
      );
    const tools = [...new Set(plan.map((step) => step.tool))];
    const [durations, counts, runs, priced] = await Promise.all([
      store.steps.durations(tools),
      store.steps.usualCount(tools),
      store.runs.finished(newest),
      prices(),
    ]);
    const manifest = await tableOf(plan, lake);
    const training = trainingOf(manifest, plan, { runs, speed, threads, prices: priced });
    const steps = plan.map((step): StepEstimate => {
      const seen = durations.get(step.tool) ?? [];
      const times = step.each === null ? once : (counts.get(step.tool) ?? once);
      if (step.tool === "ml.train_model" && training) return { ...ofTraining(training), times };
      const cells = step.cells ?? (manifest && needsRows(seen) ? manifest.rows * manifest.columns.length : null);
      return { ...ofStep(step, seen, cells, { threads, prices: priced }), times };
    });
    const sum = planSum(steps);
    const assumptions = assumptionsOf(plan, steps, training);
    const from = `${runs.length} finished runs and ${steps.reduce((n, { seen }) => n + seen, 0)} earlier steps`;
    return {
      ...sum,
      steps: steps.toSorted((a, b) => b.usd.mid - a.usd.mid || a.tool.localeCompare(b.tool)),
      table: manifest && { dataset: manifest.name, rows: manifest.rows, columns: manifest.columns.length },
      basedOn: { runs: runs.length, steps: steps.reduce((n, { seen }) => n + seen, 0) },
      assumptions,
      verdict: `about ${inUsd(sum.usd.mid)} (${inUsd(sum.usd.low)} to ${inUsd(sum.usd.high)}) and ${sum.seconds.mid.toFixed(0)} s, from ${from}`,
    };
  },
});

/** The largest table that the plan names, as it stands now; null where it names none that the lake holds. */
async function tableOf(plan: readonly StepRow[], lake: CostDeps["lake"]): Promise<DatasetManifest | null> {
  const names = [...new Set(plan.flatMap(({ dataset }) => (dataset === null ? [] : [dataset])))];
  const found = await Promise.all(
    names.map((name) =>
      lake
        .resolve(name)
        .then((pin) => lake.manifest(pin))
        .catch(() => null),
    ),
  );
  const held = found.filter((manifest) => manifest !== null);
  return held.toSorted((a, b) => b.rows * b.columns.length - a.rows * a.columns.length)[0] ?? null;
}

const needsRows = (seen: readonly Duration[]): boolean => seen.some(({ cells }) => cells !== null);

type Trained = { estimate: Estimate; seen: boolean; runs: number; tasks: string[] };

/** What the training of a plan would take on its table; null where it trains nothing, or its table isn't known. */
function trainingOf(
  manifest: DatasetManifest | null,
  plan: readonly StepRow[],
  on: { runs: Awaited<ReturnType<CostDeps["store"]["runs"]["finished"]>>; prices: Prices } & Pick<
    CostDeps,
    "speed" | "threads"
  >,
): Trained | null {
  if (!manifest || !plan.some((step) => step.tool === "ml.train_model")) return null;
  const target = plan.find((step) => step.target !== null)?.target ?? null;
  const type = manifest.columns.find(({ name }) => name === target)?.type;
  // A number may be a quantity or the name of a class: which one isn't known before its values are read.
  const tasks =
    type === "number" || type === "integer" || type === undefined
      ? (["binary", "regression"] as const)
      : (["binary"] as const);
  const inputs = manifest.columns.filter(({ name }) => name !== target);
  const categories = inputs.filter((column) => column.type === "text" || column.type === "boolean").length;
  const table: Table = { rows: manifest.rows, numbers: inputs.length - categories, categories };
  const model = calibrate(on.runs, on.speed);
  const supposed = tasks.map((task) => supposedTraining(on.runs, table, task, on.threads));
  const estimates = supposed.map(({ works }) => estimateTraining(model, works, on.prices, null));
  const either = (of: "cpuSeconds" | "seconds" | "memoryMb" | "usd") => eitherOf(estimates.map((one) => one[of]));
  return {
    estimate: {
      ...{ cpuSeconds: either("cpuSeconds"), seconds: either("seconds"), memoryMb: either("memoryMb") },
      ...{ usd: either("usd"), basedOn: estimates[0]!.basedOn },
    },
    ...{ seen: supposed.every(({ seen }) => seen), runs: on.runs.length, tasks: [...tasks] },
  };
}

const ofTraining = ({ estimate, runs }: Trained): StepEstimate => ({
  ...{ tool: "ml.train_model", times: once, seconds: estimate.seconds, cpuSeconds: estimate.cpuSeconds },
  ...{ memoryMb: estimate.memoryMb.high, usd: estimate.usd, seen: runs },
});

function ofStep(
  step: StepRow,
  seen: readonly Duration[],
  cells: number | null,
  { threads, prices }: { threads: number; prices: Prices },
): StepEstimate {
  const seconds = secondsOfStep(seen, step.hint_ms, cells);
  const cpuSeconds = cpuOfClock(seconds, threads);
  const price = (end: keyof Interval) =>
    usd(prices, {
      ...{ cpuSeconds: cpuSeconds[end], seconds: seconds[end], memoryMb: end === "high" ? stepMemoryMb : 0 },
    });
  const money = { low: price("low"), mid: price("mid"), high: price("high") };
  return {
    ...{ tool: step.tool, times: once, seconds, cpuSeconds, memoryMb: stepMemoryMb, usd: money, seen: seen.length },
  };
}

function assumptionsOf(plan: readonly StepRow[], steps: readonly StepEstimate[], training: Trained | null): string[] {
  const said: string[] = [];
  const open = [...new Set(plan.flatMap(({ each }) => (each === null ? [] : [each])))];
  if (open.length > 0)
    said.push(
      `how many members ${open.join(", ")} will have isn't known yet: as many as requests before had, else one`,
    );
  if (training && !training.seen)
    said.push("no run of this kind has finished yet: one candidate of each kind is supposed");
  if (training && training.tasks.length > 1)
    said.push("whether the target is a quantity or a class isn't known before its values are read: both are covered");
  const hinted = steps.filter(({ seen }) => seen === 0).length;
  if (hinted > 0) said.push(`${hinted} of ${steps.length} steps never ran here: their tools' own hints count for them`);
  said.push("of steps but the training only the clock was seen: their CPU-seconds lie between none and every thread's");
  return said;
}
