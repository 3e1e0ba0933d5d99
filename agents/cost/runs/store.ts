import type { Database, Trx } from "@muster/shared/database/open.ts";
import type { FinishedRun } from "@muster/shared/domain/estimate.ts";
import type { PastRun } from "@muster/shared/estimate/calibrate.ts";
import type { MachineSpeed } from "@muster/shared/estimate/prior.ts";
import type { Tables } from "../store.ts";

/** Finished runs that estimates learn from, and the speed of the machine they ran on. */
export function runStore(db: Database<Tables>) {
  const measured = async (): Promise<MachineSpeed | null> =>
    (await db
      .selectFrom("machine")
      .select(["gather_ns as gatherNs", "multiply_ns as multiplyNs"])
      .executeTakeFirst()) ?? null;
  return {
    /** The speed measured at the first start; `measure` runs only then. */
    speed: async (measure: () => MachineSpeed, at: string): Promise<MachineSpeed> => {
      const held = await measured();
      if (held) return held;
      const { gatherNs, multiplyNs } = measure();
      await db
        .insertInto("machine")
        .values({ id: 1, gather_ns: gatherNs, multiply_ns: multiplyNs, at })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      return (await measured())!;
    },
    /** The newest runs, oldest of them first, each with its parts; `limit` counts parts. A run cut by it is left out. */
    finished: async (limit: number): Promise<PastRun[]> => {
      const rows = await db.selectFrom("run").selectAll().orderBy("seq", "desc").limit(limit).execute();
      const runs = new Map<string, FinishedRun[]>();
      for (const row of rows.reverse()) {
        const { algorithm, rows: count, columns, rounds, folds, threads, parameters, data } = row;
        const part: FinishedRun = {
          ...{ algorithm, rows: count, columns, rounds, folds, threads },
          ...{ parameters: parameters ?? undefined, data: data ?? undefined },
          problem: row.problem ?? undefined,
          keptRounds: row.kept_rounds ?? undefined,
          ...{ cpuSeconds: row.cpu_seconds, peakMemoryMb: row.peak_memory_mb, seconds: row.seconds ?? undefined },
        };
        if (row.part === 0 || runs.has(row.run)) runs.set(row.run, [...(runs.get(row.run) ?? []), part]);
      }
      return [...runs.values()];
    },
    /** Keeps the parts of a finished run; those that are kept already stay. */
    add: async (trx: Trx<Tables>, run: string, parts: readonly FinishedRun[], at: string): Promise<void> => {
      if (parts.length === 0) return;
      await trx
        .insertInto("run")
        .values(
          parts.map(({ cpuSeconds, peakMemoryMb, seconds, keptRounds, parameters, data, problem, ...work }, part) => ({
            ...{ run, part, ...work, at },
            parameters: parameters ? JSON.stringify(parameters) : null,
            data: data ? JSON.stringify(data) : null,
            ...{
              cpu_seconds: cpuSeconds,
              peak_memory_mb: peakMemoryMb,
              seconds: seconds ?? null,
              kept_rounds: keptRounds ?? null,
              problem: problem ?? null,
            },
          })),
        )
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
  };
}
