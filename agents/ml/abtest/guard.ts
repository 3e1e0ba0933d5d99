import type { AnyTrx, Log } from "@muster/bus/context.ts";
import { newId } from "@muster/bus/evidence.ts";
import { hashOf } from "@muster/shared/canonical.ts";
import { fault } from "@muster/shared/fault.ts";
import type { ServingDeps } from "../serving/deps.ts";
import { endTest } from "./end-test.ts";
import { askWork } from "./serving-work.ts";
import type { Rollout } from "./store.ts";

/** How often the data plane is asked which versions have lost their traffic there, so that it is recorded within seconds. */
export const guardEveryMs = 5_000;

/**
 * Ends the tests whose challenger has lost its traffic: the data plane, which looks after every request, takes it away where it
 * fails, is slow or gives shifted scores beyond the guardrails of the test; here the live version has all traffic for good, the
 * receipts that the test runs are taken back, and that is audited and told, in one transaction. Outcomes are never looked at. Gives
 * the names of those that ended.
 */
export async function guardTests(
  deps: Pick<ServingDeps, "rollouts" | "evidence" | "serving">,
  { now, log }: { now: () => Date; log: Log },
): Promise<string[]> {
  const ended: string[] = [];
  for (const rollout of await deps.rollouts.running()) {
    const gone = await goneNow(rollout, deps.serving.url);
    if (gone === null) continue;
    const { version, harm } = gone;
    const { name, id } = rollout;
    const at = now().toISOString();
    await deps.evidence.store.db.transaction().execute(async (trx: AnyTrx) => {
      if ((await endTest(trx, deps, { name, at, because: `guardrail: ${harm}` })) !== id)
        throw fault("conflict", `another test of ${name} was begun in the meantime`);
      await deps.evidence.store.audit(trx, {
        ...{ id: newId("aud"), at, what: "ml.ab_test_stopped", subject: hashOf({ test: id }), person: null },
        ...{ request: null, step: null, data: { test: id, name, version, harm }, receipts: [] },
      });
      await deps.evidence.store.emit(trx, "ml.deployment_changed", { name, version: rollout.live.version });
      await deps.evidence.store.emit(trx, "ml.challenger_rolled_back", { name, version, test: id, because: harm });
      ended.push(name);
    });
    log.warn({ model: name, test: id, harm }, "a test was ended by its guardrail");
  }
  return ended;
}

/** The first version of a test that has lost its traffic, with the reason; null while all have it. */
async function goneNow({ name, beside, split }: Rollout, url: string) {
  const work = await askWork(url, name, split.salt, AbortSignal.timeout(guardEveryMs));
  for (const { version } of beside) {
    const harm = work.get(version)?.gone ?? null;
    if (harm !== null) return { version, harm };
  }
  return null;
}
