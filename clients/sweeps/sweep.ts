import { call } from "@muster/bus/call.ts";
import type { Process } from "@muster/bus/process.ts";
import { type Due, previousDue } from "@muster/bus/schedule.ts";
import { sha256 } from "@muster/shared/canonical.ts";
import type { Role } from "@muster/shared/domain/receipt.ts";
import { requestOfSchedule, type Schedule } from "@muster/shared/domain/schedule.ts";
import { Fault } from "@muster/shared/fault.ts";

/** What came of a schedule that was due. */
export type Swept = { request: string } | { skipped: string };

const askers: readonly Role[] = ["analyst", "engineer", "approver", "admin"];

/**
 * Asks for what a schedule stands for, in the name of the person who set it: the row is read anew, so are the person's
 * roles, and the request's id comes from the moment it was due, so that a second delivery asks nothing twice.
 */
export async function sweep(process: Process, due: Due): Promise<Swept> {
  const read = async <T>(tool: string, input: Record<string, unknown>): Promise<T | null> => {
    try {
      return (
        await call(process, {
          tool,
          input,
          key: `${due.schedule}:${due.at}:${tool}`,
          effect: "read",
          deadline: Date.now() + 20_000,
        })
      ).output as T;
    } catch (error) {
      if (error instanceof Fault && error.code === "not_found") return null;
      throw error;
    }
  };
  const row = await read<Schedule>("pipeline.show_schedule", { schedule: due.schedule });
  if (!row) return { skipped: "there is no such schedule" };
  if (row.paused) return { skipped: "the schedule is paused" };
  if (!due.asked && row.cron !== null && previousDue(row.cron, row.timeZone, process.now()) > due.at)
    return { skipped: "it was due again since; pipeline makes up for the newest time alone" };
  const visitor = await read<{ person: string; roles: Role[] }>("governance.identify", { person: row.person });
  if (!visitor?.roles.some((role) => askers.includes(role)))
    return { skipped: "the person who set it may not ask any more" };
  const request = requestOfSchedule(due.schedule, due.at);
  const receipt = await process.evidence
    .give({
      id: `rcp_${sha256(`${request} accepted`).slice(0, 20)}`,
      fact: "request.accepted",
      about: { request, person: row.person, purpose: row.purpose },
      verdict: "passed",
      request,
      person: row.person,
      uses: [],
      value: {
        request,
        person: row.person,
        roles: visitor.roles,
        purpose: row.purpose,
        budgetUsd: row.budgetUsd,
        autonomy: "act",
        textHash: sha256(row.text),
        schedule: row.id,
      },
    })
    .catch(async (error) => {
      const before = (await process.evidence.ofRequest(request))[0];
      if (before) return before;
      throw error;
    });
  await call(process, {
    tool: "planner.ask",
    input: {
      text: row.text,
      ...(row.goals.length > 0 && { goals: row.goals, arguments: row.arguments }),
      ...(row.call && { call: row.call }),
      ...(row.withinMinutes && { withinMinutes: row.withinMinutes }),
    },
    receipts: [receipt.id],
    request,
    key: `${request}:ask`,
    deadline: Date.now() + 30_000,
  });
  return { request };
}
