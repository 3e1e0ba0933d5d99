import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetPin, DatasetRef, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { freshnessOf, Period, periodWords } from "../freshness.ts";
import type { QualityDeps } from "../index.ts";
import { isTemporal } from "../rules/measure.ts";

export const checkFreshness = tool({
  name: "check_freshness",
  does: "Says how old a dataset's newest row is, and whether that is late, as dbt does: warn_after and error_after, by the clock of now.",
  effect: "read",
  input: z.object({
    dataset: DatasetRef,
    warn_after: Period.optional(),
    error_after: Period.optional(),
    /** The time by which rows count as loaded; without, the arrival time where there is one, else the event time. */
    loaded_at_field: z.string().min(1).max(200).optional(),
  }),
  output: z.object({
    dataset: DatasetPin,
    status: z.enum(["pass", "warn", "error", "runtime error"]),
    column: z.string().nullable(),
    ageHours: z.number().nullable(),
    /** The clock that the age is measured by. */
    checkedAt: z.string(),
    verdict: z.string(),
  }),
  needs: [{ is: "dataset.profiled", of: "dataset", as: "profile" }],
  cost: { ms: 10 },
  run: async ({ dataset, warn_after, error_after, loaded_at_field, profile }, { lake, now }: Context & QualityDeps) => {
    const { name } = parseDatasetRef(dataset);
    const { columns, arrived, time } = await lake.manifest(dataset);
    const named = loaded_at_field && columns.find((c) => c.name === loaded_at_field);
    if (loaded_at_field && !named)
      throw fault("not_found", `${name} has no column ${loaded_at_field}; see catalog.describe_dataset`);
    if (named && !isTemporal(named))
      throw fault("invalid_input", `${loaded_at_field} holds ${named.type}s, no times; name a date or a timestamp`);
    const column = loaded_at_field ?? arrived ?? time;
    const newest = profile.columns.find((c) => c.name === column)?.time?.max ?? null;
    const checkedAt = now().toISOString();
    const limits = { warnAfter: warn_after ?? null, errorAfter: error_after ?? null };
    const { status, ageHours } = freshnessOf({ newest, now: checkedAt, ...limits });
    const late = `warn after ${periodWords(limits.warnAfter)}, error after ${periodWords(limits.errorAfter)}`;
    const verdict =
      column === null
        ? `${name} has no time column: name one with \`loaded_at_field\``
        : ageHours === null
          ? `${column} holds no time to tell freshness by`
          : `the newest ${column} is ${ageHours.toFixed(1)} hours old by the clock (${late}): ${status}`;
    return { dataset, status, column, ageHours, checkedAt, verdict };
  },
});
