import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetPin, DatasetRef, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import { Check } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { repairOf } from "../gate-check.ts";
import type { QualityDeps } from "../index.ts";

const MOST_CHECKED = 200;

export const explainFailure = tool({
  name: "explain_failure",
  does: "Explains the failed checks of a dataset version: counts, why each was expected, since which version it fails, a query for the rows, what would repair it.",
  effect: "read",
  input: z.object({ dataset: DatasetRef, check: z.string().min(1).max(500).optional() }),
  output: z.object({
    dataset: DatasetPin,
    checkedAt: z.string(),
    failures: z.array(
      z.object({
        check: Check,
        because: z.string().nullable(),
        /** The first of the versions, without a gap up to this one, in which it failed, and when that was checked. */
        since: z.object({ dataset: DatasetPin, at: z.string() }),
        /** Versions in which it was checked before and held. */
        heldBefore: z.number().int(),
        repair: z.string(),
      }),
    ),
    verdict: z.string(),
  }),
  cost: { ms: 20 },
  run: async ({ dataset, check }, { store }: Context & QualityDeps) => {
    const { name } = parseDatasetRef(dataset);
    const all = await store.validations(name, MOST_CHECKED);
    const place = all.findIndex(({ pin }) => pin === dataset);
    const checked = all[place];
    if (!checked)
      throw fault("not_found", `this version of ${name} hasn't been checked; ask quality.check_dataset first`);
    const earlier = all.slice(place);
    const failed = checked.report.checks.filter((one) => !one.success && (check === undefined || one.name === check));
    if (check !== undefined && failed.length === 0) {
      const there = checked.report.checks.some((one) => one.name === check);
      throw fault(
        "not_found",
        there ? `${check} held` : `no check of that name was made; leave \`check\` out to see all`,
      );
    }
    const failures = failed.map((one) => {
      const story = earlier.flatMap(({ pin, at, report }) => {
        const same = report.checks.find(({ name: other }) => other === one.name);
        return same ? [{ pin, at, success: same.success }] : [];
      });
      const firstHeld = story.findIndex(({ success }) => success);
      const first = story[(firstHeld < 0 ? story.length : firstHeld) - 1]!;
      return {
        check: one,
        because: checked.report.because?.[one.name] ?? null,
        since: { dataset: first.pin, at: first.at },
        heldBefore: new Set(story.filter(({ success }) => success).map(({ pin }) => pin)).size,
        repair: repairOf(one),
      };
    });
    const errors = failures.filter((one) => one.check.severity === "error").length;
    const verdict =
      failures.length === 0
        ? `nothing failed: ${checked.report.checks.length} checks held`
        : `${failures.length} checks failed, ${errors} of them refuse the data: ${failures[0]!.check.message}`;
    return { dataset, checkedAt: checked.at, failures, verdict };
  },
});
