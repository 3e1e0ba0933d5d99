import { randomBytes } from "node:crypto";
import { agent } from "@muster/bus/agent.ts";
import type { Evidence } from "@muster/bus/evidence.ts";
import { run } from "@muster/bus/run.ts";
import { asFault } from "@muster/shared/fault.ts";
import { repeat } from "@muster/shared/repeat.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { expireApprovals } from "./approvals/expire.ts";
import { type Anchors, openAnchors } from "./audit/anchors.ts";
import { openSealer, type Sealer } from "./audit/seal-events.ts";
import { resumeErasures } from "./erasure/carry-out.ts";
import { makeFirstPerson } from "./persons/first-person.ts";
import type { PolicyKeeper } from "./policy/keep-policies.ts";
import { openPolicies } from "./policy/open-policies.ts";
import { type GovernanceStore, openGovernanceStore } from "./store.ts";
import { addPerson } from "./tools/add-person.ts";
import { checkPolicy } from "./tools/check-policy.ts";
import { classifyColumns } from "./tools/classify-columns.ts";
import { classifyDataset } from "./tools/classify-dataset.ts";
import { clearAccess } from "./tools/clear-access.ts";
import { clearChange } from "./tools/clear-change.ts";
import { clearDeployment } from "./tools/clear-deployment.ts";
import { clearTraining } from "./tools/clear-training.ts";
import { collectGarbage } from "./tools/collect-garbage.ts";
import { decideApproval } from "./tools/decide-approval.ts";
import { erasePerson } from "./tools/erase-person.ts";
import { explainDecision } from "./tools/explain-decision.ts";
import { findPersonalData } from "./tools/find-personal-data.ts";
import { getAuditTrail } from "./tools/get-audit-trail.ts";
import { identify } from "./tools/identify.ts";
import { listPolicies } from "./tools/list-policies.ts";
import { planGarbage } from "./tools/plan-garbage.ts";
import { requestApproval } from "./tools/request-approval.ts";
import { setClassification } from "./tools/set-classification.ts";
import { setRetention } from "./tools/set-retention.ts";
import { setRoles } from "./tools/set-roles.ts";
import { testPolicies } from "./tools/test-policies.ts";
import { verifyAudit } from "./tools/verify-audit.ts";
import { whatWasLive } from "./tools/what-was-live.ts";
import { writeModelCard } from "./tools/write-model-card.ts";

/** What governance's tools stand on. `environment` is what policies see of where this runs. */
export type GovernanceDeps = {
  store: GovernanceStore;
  lake: Lake;
  evidence: Evidence;
  policies: PolicyKeeper;
  environment: string;
  anchors: Anchors;
  sealer: Sealer;
  home: string;
  threads: number;
};

/** An audit event is sealed within a second of its commit: a round takes a few milliseconds. */
const sealEveryMs = 300;
const expireEveryMs = 2000;
const resumeEveryMs = 30_000;

/**
 * The governance agent: says what data may be used for and what may go live, by policies that a person can read.
 * Owns the tables person, approval, decision, mark, erasure, retention, chain and the anchors of the chain. Seals every agent's audit events.
 */
export const governance = agent({
  name: "governance",
  does: "Classifies columns, decides by policy who may train and deploy what for which purpose, and keeps the audit.",
  tools: [
    classifyColumns,
    classifyDataset,
    setClassification,
    checkPolicy,
    listPolicies,
    testPolicies,
    clearTraining,
    clearDeployment,
    clearChange,
    clearAccess,
    requestApproval,
    decideApproval,
    getAuditTrail,
    verifyAudit,
    whatWasLive,
    explainDecision,
    writeModelCard,
    identify,
    addPerson,
    setRoles,
    findPersonalData,
    erasePerson,
    setRetention,
    planGarbage,
    collectGarbage,
  ],
  async open(process) {
    const { config, evidence, lake, log, now } = process;
    const store = await openGovernanceStore(process.pool);
    const policies = await openPolicies(process, store);
    await makeFirstPerson(store, { home: config.home, token: randomBytes(32).toString("base64url"), now: now() });
    const anchors = await openAnchors(config.home);
    const sealer = await openSealer(store.audit, anchors, now);
    const deps: GovernanceDeps = {
      ...{ store, lake, evidence, policies, anchors, sealer },
      environment: config.environment,
      home: config.home,
      threads: config.threads,
    };
    const stops: (() => Promise<void>)[] = [];
    const failed = (what: string) => (error: unknown) =>
      log.warn({ code: asFault(error).code, err: error }, `${what}; it is tried again`);
    return {
      deps,
      started: async () => {
        stops.push(
          repeat(sealEveryMs, sealer.seal, failed("audit events could not be sealed")),
          repeat(expireEveryMs, () => expireApprovals(store, process), failed("approvals could not be expired")),
          repeat(
            resumeEveryMs,
            () => resumeErasures({ ...deps, now }),
            failed("an erasure could not be taken up again"),
          ),
        );
      },
      close: async () => {
        await Promise.all(stops.map((stop) => stop()));
      },
    };
  },
});
if (import.meta.main) await run(governance);
