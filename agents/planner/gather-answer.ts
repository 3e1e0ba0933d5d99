import { call } from "@muster/bus/call.ts";
import type { Process } from "@muster/bus/process.ts";
import type { Answer, RequestView } from "@muster/shared/domain/request.ts";
import type { FactName, FactValue } from "@muster/shared/fact/table.ts";
import { asFault } from "@muster/shared/fault.ts";
import { composeAnswer } from "./answer/answer.ts";
import type { State } from "./graph.ts";
import { factsFor, gather } from "./held.ts";
import type { Desk } from "./nodes.ts";
import type { Held } from "./plan.ts";
import { goalsAndCall } from "./understanding.ts";

/** Gathers what a request came to into its answer: the values of its facts, this request's own first, else the standing ones. */
export async function gatherAnswer(
  { process, word }: Desk,
  state: State,
  view: RequestView,
  answered: readonly Held[],
): Promise<{ answer: Answer; assumptions: string[] }> {
  const understanding = state.understanding?.kind === "goals" ? state.understanding : null;
  const wanted = goalsAndCall(state.goals, understanding);
  const gathered = await gather(process.evidence, state.request, wanted, understanding?.arguments ?? {});
  const about = Object.assign({}, ...[...answered].reverse().map((held) => held.about)) as Record<string, unknown>;
  // Rounds of an improvement are told together, the last one first, whichever of them the answer stands on.
  const { round: _, challenger: __, ...anchor } = about;
  const { facts, requests } = await factsFor(process.evidence, gathered, anchor);
  const output = understanding?.call && view.plan.find((step) => step.tool === understanding.call!.tool)?.output;
  const run = facts["run.finished"];
  const answer = composeAnswer({
    intent: understanding?.intent ?? "goals",
    facts,
    requests: Object.fromEntries(
      Object.entries(requests).filter(([, request]) => request !== state.request),
    ) as Partial<Record<FactName, string>>,
    steps: view.plan,
    seconds: (process.now().getTime() - Date.parse(view.startedAt)) / 1000,
    standing: !view.plan.some((step) => step.tool === "ml.train_model"),
    ...(run && { actualUsd: await priceOf(process, run) }),
    ...(output !== undefined && output !== null && { output }),
  });
  const assumptions = [...new Set([...view.assumptions, ...(facts["problem.defined"]?.assumptions ?? [])])];
  return { answer: word ? await word(answer) : answer, assumptions };
}

/** What a run's use costs by the price table; undefined where cost doesn't answer, and the estimate's own rate is taken. */
async function priceOf(process: Process, run: FactValue<"run.finished">): Promise<number | undefined> {
  try {
    const use = { cpuSeconds: run.cpuSeconds, memoryMb: run.peakMemoryMb, seconds: run.seconds };
    const reply = await call(process, {
      tool: "cost.get_spend",
      input: { use, limit: 1 },
      key: `price:${run.run}`,
      effect: "read",
      deadline: Date.now() + 3000,
      patienceMs: 500,
    });
    return (reply.output as { usd: number | null }).usd ?? undefined;
  } catch (error) {
    process.log.warn({ code: asFault(error).code }, "cost doesn't answer; the run is priced at the estimate's rate");
    return undefined;
  }
}
