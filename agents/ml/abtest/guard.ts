import type { AnyTrx, Log } from "@muster/bus/context.ts";
import { newId } from "@muster/bus/evidence.ts";
import { hashOf } from "@muster/shared/canonical.ts";
import { fault } from "@muster/shared/fault.ts";
import type { ServingDeps } from "../serving/deps.ts";
import { endTest } from "./end-test.ts";
import { askWork } from "./serving-work.ts";
import type { Rollout } from "./store.ts";
import { workHarm } from "./verdict.ts";

/** How often running tests are looked at: a version that fails or is slow loses its traffic within seconds. */
export const guardEveryMs = 5_000;

/**
 * Ends the tests whose challenger fails or is slow beyond the guardrails that the test was begun with: the live version has all
 * traffic again, the receipts that the test runs are taken back, and that is audited, in one transaction. Outcomes are never
 * looked at here. Gives the names of those that ended.
 */
export async function guardTests(
  deps: Pick<ServingDeps, "rollouts" | "evidence" | "serving">,
  { now, log }: { now: () => Date; log: Log },
): Promise<string[]> {
  const ended: string[] = [];
  for (const rollout of await deps.rollouts.running()) {
    const harm = await harmNow(rollout, deps.serving.url);
    if (harm === null) continue;
    const { name, id } = rollout;
    const at = now().toISOString();
    await deps.evidence.store.db.transaction().execute(async (trx: AnyTrx) => {
      if ((await endTest(trx, deps, { name, at, because: `guardrail: ${harm}` })) !== id)
        throw fault("conflict", `another test of ${name} was begun in the meantime`);
      await deps.evidence.store.audit(trx, {
        ...{ id: newId("aud"), at, what: "ml.ab_test_stopped", subject: hashOf({ test: id }), person: null },
        ...{ request: null, step: null, data: { test: id, name, harm }, receipts: [] },
      });
      await deps.evidence.store.emit(trx, "ml.deployment_changed", { name, version: rollout.live.version });
      ended.push(name);
    });
    log.warn({ model: name, test: id, harm }, "a test was ended by its guardrail");
  }
  return ended;
}

async function harmNow({ name, live, beside, split, plan }: Rollout, url: string): Promise<string | null> {
  const work = await askWork(url, name, split.salt, AbortSignal.timeout(guardEveryMs));
  const of = (version: number) => ({
    version,
    ...(work.get(version) ?? { runs: 0, failures: 0, rows: 0, seconds: 0 }),
  });
  for (const { version } of beside) {
    const harm = workHarm(plan, of(live.version), of(version));
    if (harm !== null) return harm;
  }
  return null;
}
