import type { Evidence } from "@muster/bus/evidence.ts";
import type { Receipt } from "@muster/shared/domain/receipt.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { standingInFor } from "@muster/shared/warehouse/tombstone.ts";

const most = 100_000;

/**
 * The dataset versions that something still needs, and what: what live and registered models were trained, held out and
 * scored on and the sources behind them (drift is compared with them, an audit replays them), and what `running` names.
 */
export async function neededVersions(
  { evidence, lake }: { evidence: Evidence; lake: Lake },
  running: readonly string[],
): Promise<Map<string, string>> {
  const needed = new Map<string, string>(running.map((pin) => [pin, "a request that is running reads it"]));
  const live = new Map<string, Receipt>();
  for (const receipt of await evidence.standing("deployment.live", {}, most)) {
    const name = String(receipt.about.deployment);
    if (!live.has(name)) live.set(name, receipt);
  }
  const models = [
    ...(await evidence.standing("model.registered", {}, most)).map((receipt) => ({
      receipt,
      why: "a registered model",
    })),
    ...[...live].map(([name, receipt]) => ({ receipt, why: `the live deployment ${name}` })),
  ];
  const matrices = await evidence.standing("features.materialized", {}, most);
  const labels = await evidence.standing("labels.built", {}, most);
  for (const { receipt, why } of models) {
    const { problem, view, training, scope } = receipt.about;
    const pins = [training, ...[scope].flat()];
    for (const matrix of matrices)
      if (matrix.about.problem === problem && matrix.about.view === view)
        pins.push((await evidence.value<"features.materialized">(matrix)).dataset);
    for (const label of labels)
      if (label.about.problem === problem) pins.push((await evidence.value<"labels.built">(label)).dataset);
    for (const pin of pins) {
      if (typeof pin !== "string") continue;
      needed.set(pin, `${why} was made of it`);
      // Where a person was erased, what lives on the version reads the one that came in its place.
      const standing = await standingInFor(lake, pin).catch(() => pin);
      needed.set(standing, `${why} was made of it`);
    }
  }
  return needed;
}
