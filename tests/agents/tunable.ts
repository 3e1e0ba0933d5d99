import { hashOf } from "@muster/shared/canonical.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { sign } from "../support/signing.ts";
import type { MlBench, Shown } from "./trainable.ts";

type Reserved = FactValue<"search.reserved">;
let reservations = 0;

/** Reserves a budget for a search in a request whose training set has passed, as cost would. */
export async function reserveSearch(at: MlBench, shown: Shown, limits: Partial<Reserved> = {}): Promise<void> {
  const problem = await at.value<"problem.defined">(shown["problem.defined"]!);
  const view = await at.value<"view.defined">(shown["view.defined"]!);
  const { training } = await at.value<"training_set.passed">(shown.checked!);
  const request = shown.$request!;
  shown.searchReserved = await sign(
    at.by.cost!,
    "search.reserved",
    { request, person: "ada", problem: problem.hash, view: view.hash, training },
    {
      ...{ reservation: `rsv_${hashOf([request, reservations++]).slice(0, 12)}`, limitUsd: 1, limitCpuSeconds: 300 },
      ...{ limitMemoryMb: 2000, estimatedUsd: 0.1, estimatedCpuSeconds: 20, trials: 100, ...limits },
    },
    { request, person: "ada" },
  );
}
