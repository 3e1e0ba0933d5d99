import type { Process } from "@muster/bus/process.ts";
import type { Schedules } from "@muster/bus/schedule.ts";
import type { Schedule } from "@muster/shared/domain/schedule.ts";
import { RequestEnded, requestOfSchedule } from "@muster/shared/domain/schedule.ts";
import type { ScheduleRun } from "./run.ts";
import type { ScheduleStore } from "./store.ts";

/** A deployment that was taken down: what watches it ends with it. */
const retired = "ml.deployment_retired";

/** What following stands on. */
export type Following = Pick<Process, "evidence" | "log" | "now"> & { store: ScheduleStore; schedules: Schedules };

/** What going wrong once says nothing about the next time. */
const passing = new Set(["unavailable", "deadline"]);
const firstRetryMs = 60_000;
const batch = 200;

/** When a time that failed is tried again: after one minute, then two, four …; null where it isn't. */
export function retryOf(schedule: Schedule, run: ScheduleRun, ended: Date): ScheduleRun | null {
  const again =
    run.status === "failed" && run.code !== null && passing.has(run.code) && run.attempt <= schedule.retries;
  if (!again || schedule.paused) return null;
  return dueAt(schedule.id, new Date(ended.getTime() + firstRetryMs * 2 ** (run.attempt - 1)), run.attempt + 1);
}

/** Whether a schedule that waits for others is due: each of them has ended well since it was last due itself. */
export const isReady = (others: readonly (ScheduleRun | undefined)[], own: ScheduleRun | undefined): boolean =>
  others.every((run) => run?.status === "succeeded" && (own === undefined || run.ended! > own.due));

const dueAt = (schedule: string, at: Date, attempt: number): ScheduleRun => ({
  schedule,
  due: at.toISOString(),
  request: requestOfSchedule(schedule, at.toISOString()),
  attempt,
  status: "due",
  code: null,
  ended: null,
});

/**
 * Reads on in the outbox: keeps what each scheduled request came to, makes one due again that failed in passing, and makes
 * due what waited for one that succeeded. What is due stands in PostgreSQL before Redis hears of it. Schedules that watched a
 * deployment end when it was retired, and so do the receipts that say it is watched. Gives how many events were read.
 */
export async function followRuns({ store, schedules, evidence, log, now }: Following): Promise<number> {
  const due: ScheduleRun[] = [];
  const over: string[] = [];
  let read = 0;
  await store.reading(async (trx, from) => {
    due.length = over.length = 0;
    const found = await evidence.store.outbox(from, ["planner.request_ended", retired], batch);
    let all = found.length === 0 ? [] : await store.list();
    for (const { event, payload, by, at, seq } of found) {
      if (event === retired && by === "ml" && typeof payload.name === "string") {
        over.push(...(await store.endOf(trx, payload.name, new Date(at).toISOString())));
        all = all.filter(({ id }) => !over.includes(id));
        for (const { id, at: given } of await evidence.standing("monitoring.started", { deployment: payload.name }))
          if (Date.parse(given) <= Date.parse(at)) await evidence.store.revoke(trx, id, "the deployment was retired");
        continue;
      }
      const said = RequestEnded.safeParse(payload);
      if (by !== "planner" || !said.success) {
        log.error({ seq, by }, "an event can't be followed and is left out");
        continue;
      }
      const { request, status, code, startedAt } = said.data;
      const schedule = all.find(({ id }) => id === said.data.by);
      if (!schedule) continue;
      const before = await store.runOf(trx, request);
      const ended = new Date(at).toISOString();
      const first = { schedule: schedule.id, due: startedAt, request, attempt: 1 };
      const run: ScheduleRun = { ...(before ?? first), status, code, ended };
      await store.saveRun(trx, run);
      const retry = retryOf(schedule, run, new Date(ended));
      if (retry) due.push(retry);
      if (status !== "succeeded") continue;
      for (const waiting of all.filter(({ after, paused }) => after.includes(schedule.id) && !paused)) {
        const newest = async (id: string) => (await store.runs(id, 1, trx))[0];
        const others = await Promise.all(waiting.after.map(newest));
        if (isReady(others, await newest(waiting.id))) due.push(dueAt(waiting.id, new Date(ended), 1));
      }
    }
    for (const run of due) await store.saveRun(trx, run);
    read = found.length;
    const last = found.at(-1);
    return last ? { xid: last.xid, seq: last.seq } : from;
  });
  for (const run of due) await schedules.trigger(run.schedule, run.due, now());
  for (const id of over) await schedules.remove(id);
  return read;
}
