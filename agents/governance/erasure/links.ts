import type { Evidence } from "@muster/bus/evidence.ts";
import type { StoredReceipt } from "@muster/bus/store.ts";
import { parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import type { Receipt } from "@muster/shared/domain/receipt.ts";
import type { FactName, FactValue } from "@muster/shared/fact/table.ts";

/** A column of a dataset. */
export type Side = { dataset: string; column: string };

/**
 * A way from a person's row to what belongs to it: rows of `to` that hold the same value. `written`: the swarm wrote `to`
 * from `from` (labels, features, scores, the prediction log, outcomes); otherwise `to` points at `from`, whose column names its row.
 */
export type Link = { from: Side; to: Side; written: boolean };

/** What the swarm wrote without a key: whose row is whose can't be told, only which versions it was made of. */
export type Unkeyed = { pin: string; sources: readonly string[] };

/**
 * The links and the written versions that the evidence knows of. Receipts that were taken back count as well: what an
 * erasure revoked was written all the same, and the next person stands in what came in its place.
 */
export async function linksOf(
  evidence: Evidence,
  everGiven: (fact: FactName) => Promise<StoredReceipt[]>,
): Promise<{ links: Link[]; unkeyed: Unkeyed[] }> {
  const said = async <F extends FactName>(fact: F): Promise<{ receipt: Receipt; value: FactValue<F> }[]> => {
    const receipts = (await everGiven(fact)).map(evidence.believe).filter((receipt) => receipt !== null);
    return Promise.all(receipts.map(async (receipt) => ({ receipt, value: await evidence.value<F>(receipt) })));
  };
  const problems = new Map((await said("problem.defined")).map(({ value }) => [value.hash, value]));
  const links = new Map<string, Link>();
  const unkeyed = new Map<string, Unkeyed>();
  const add = (link: Link) => void links.set(JSON.stringify(link), link);
  // Never the other way round: what a person's row points at (who sold it, what it is) is somebody or something else.
  for (const { value } of await said("scope.pinned"))
    for (const { left, right, rightUnique } of value.joins)
      if (rightUnique) add({ from: right, to: left, written: false });
  const wrote = (receipt: Receipt, pin: string, column: (problem: Problem) => string) => {
    const problem = problems.get(String(receipt.about.problem));
    if (!problem) return;
    const { name: dataset } = parseDatasetRef(pin);
    // A row of a forecast is named by its series and its target together, and may be of many.
    if (problem.entity !== null && problem.label.kind !== "forecast")
      add({
        from: { dataset: problem.dataset, column: problem.entity },
        to: { dataset, column: column(problem) },
        written: true,
      });
    else unkeyed.set(pin, { pin, sources: sourcesOf(receipt) });
  };
  for (const { receipt, value } of await said("labels.built")) wrote(receipt, value.dataset, () => "__entity");
  for (const { receipt, value } of await said("features.materialized")) wrote(receipt, value.dataset, () => "__entity");
  for (const { receipt, value } of await said("predictions.written"))
    wrote(receipt, value.pin, ({ entity }) => entity ?? "row_key");
  for (const { receipt, value } of await said("deployment.live"))
    for (const dataset of [`${value.name.slice(0, 51)}_predictions`, `${value.name.slice(0, 54)}_outcomes`])
      wrote(receipt, `${dataset}@`, () => "__entity");
  return { links: [...links.values()], unkeyed: [...unkeyed.values()].filter(({ pin }) => !pin.endsWith("@")) };
}

/** The versions that a written one was made of: those of its scope, and the matrix that was scored. */
const sourcesOf = ({ about }: Receipt): string[] =>
  [about.scope, about.scoring].flat().filter((pin): pin is string => typeof pin === "string");
