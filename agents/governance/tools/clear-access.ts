import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { hashOf } from "@muster/shared/canonical.ts";
import { DatasetRef, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import type { Decision } from "@muster/shared/domain/policy.ts";
import { facts } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { approvedRoles } from "../approvals/approved-roles.ts";
import { refusal } from "../decisions/refuse.ts";
import type { GovernanceDeps } from "../index.ts";
import { rolesNow } from "../persons/roles-now.ts";
import { type ColumnAccess, columnAccess } from "../policy/column-access.ts";
import { strictest } from "../policy/obligations.ts";

const remedy = "leave the column out, or ask for a purpose or as somebody that a policy permits to read it";

export const clearAccess = tool({
  name: "clear_access",
  does: "Decides by policy whether this person may see a dataset, or some of its columns, for this purpose: as they are, masked, in groups only, or not at all.",
  effect: "read",
  input: z.object({
    dataset: DatasetRef,
    /** Columns that are wanted: one that may not be seen refuses all. Default: whatever may be seen. */
    columns: z.array(z.string().min(1)).min(1).max(2000).optional(),
  }),
  output: facts["access.cleared"].value.extend({ verdict: z.string() }),
  needs: [
    { is: "request.accepted", as: "accepted" },
    { is: "dataset.classified", of: "dataset", as: "classified" },
    { is: "approval.given", as: "approval", optional: true },
  ],
  gives: [{ is: "access.cleared", of: "dataset" }],
  cost: { ms: 40 },
  run: async (
    { accepted, dataset, columns: wanted, classified, approval },
    { store, policies: keeper, environment, request, now, id, commit }: Context & GovernanceDeps,
  ) => {
    const policies = await keeper.current();
    const { name } = parseDatasetRef(dataset);
    const absent = wanted?.find((column) => !classified.columns.some((one) => one.name === column));
    if (absent !== undefined) throw fault("not_found", `${name} has no such column; see catalog.describe_dataset`);
    const { person, purpose } = accepted;
    const what = `read ${dataset}${wanted ? `: ${wanted.join(", ")}` : ""}`;
    const content = hashOf({ what, classified, purpose });
    const approvals = await approvedRoles(store, approval, { what, content, request: accepted.request, person });
    const at = now().toISOString();
    const principal = { person, roles: await rolesNow(store, accepted) };
    const context = { purpose, environment, approvals, at };
    const all = columnAccess({ policies, principal, context, classification: classified });
    const decision = wholeOf(all, wanted ?? null, `${name}`);
    const row = { ...decision, id: id("dec"), request, action: "read", at };
    if (!decision.allowed) {
      await store.decisions.refuse(row);
      throw refusal(decision, { what, content }, remedy);
    }
    const days = strictest(decision.obligations, "retention");
    commit(async (trx) => {
      await store.decisions.insert(trx, row);
      const policy = decision.policies.join(", ");
      if (days !== null) await store.retention.oblige(trx, { dataset: name, days, policy, at });
    });
    const asked = all.filter(({ column }) => wanted?.includes(column) ?? true);
    const columns = Object.fromEntries(
      all.map(({ column, access }) => [
        column,
        asked.some((one) => one.column === column)
          ? access
          : { show: "none" as const, rows: null, reason: "it wasn't asked for" },
      ]),
    );
    const count = (show: string) => asked.filter(({ access }) => access.show === show).length;
    const parts = (["plain", "masked", "grouped", "none"] as const)
      .filter((show) => count(show) > 0)
      .map(
        (show) =>
          `${count(show)} ${{ plain: "as they are", masked: "masked", grouped: "in groups", none: "not at all" }[show]}`,
      );
    return {
      columns,
      policies: decision.policies,
      obligations: decision.obligations.map(
        ({ kind, detail, policy }) => `${kind}${detail ? ` ${detail}` : ""} (${policy})`,
      ),
      verdict: `${purpose} may see of ${name} ${parts.join(", ")}`,
    };
  },
});

/** The answer for all that is wanted: a column that is wanted by name and may not be seen refuses; so does having none left. */
function wholeOf(all: readonly ColumnAccess[], wanted: readonly string[] | null, dataset: string): Decision {
  const asked = all.filter(({ column }) => wanted?.includes(column) ?? true);
  const hidden = asked.filter(({ access }) => access.show === "none");
  const { facts: shown } = asked[0]!.decision;
  const known = { ...shown, resource: `Dataset ${dataset}`, columns: asked.map(({ column }) => column) };
  if (hidden.length > 0 && (wanted !== null || hidden.length === asked.length)) {
    const [first] = hidden;
    const { policies, obligations, why } = first!.decision;
    const names = hidden.map(({ column }) => column);
    return {
      allowed: false,
      policies,
      obligations,
      facts: { ...known, columns: names },
      why: `${names.join(", ")}: ${why}`,
    };
  }
  const seen = asked.filter(({ access }) => access.show !== "none");
  const once = new Map(seen.flatMap(({ decision }) => decision.obligations.map((one) => [JSON.stringify(one), one])));
  return {
    allowed: true,
    policies: [...new Set(seen.flatMap(({ decision }) => decision.policies))].sort(),
    obligations: [...once.values()],
    facts: known,
    why: [...new Set(seen.map(({ decision }) => decision.why))].join("; "),
  };
}
