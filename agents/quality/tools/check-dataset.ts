import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetPin, DatasetRef } from "@muster/shared/domain/dataset.ts";
import { Check } from "@muster/shared/fact/table.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { z } from "zod";
import { absoluteChecks } from "../absolute.ts";
import { checkExpectations } from "../check.ts";
import { checkOf, repairOf } from "../gate-check.ts";
import { guarded } from "../guarded.ts";
import type { QualityDeps } from "../index.ts";
import { suggestExpectations } from "../suggest.ts";

export const checkDataset = tool({
  name: "check_dataset",
  does: "Says whether a dataset version may be trusted: absolute checks always, expectations where an earlier version gave rise to them.",
  effect: "read",
  input: z.object({ dataset: DatasetRef }),
  output: z.object({
    dataset: DatasetPin,
    passed: z.boolean(),
    checks: z.array(Check),
    statistics: z.object({ evaluated: z.number().int(), successful: z.number().int(), older: z.number().int() }),
    repair: z.array(z.string()),
    verdict: z.string(),
  }),
  needs: [{ is: "dataset.profiled", of: "dataset", as: "profile" }],
  gives: [{ is: "quality.passed", of: "dataset", when: (out) => out.passed }],
  cost: { ms: 400 },
  run: async ({ dataset, profile }, { lake, threads, store, now, commit }: Context & QualityDeps) => {
    const manifest = await lake.manifest(dataset);
    const absolute = absoluteChecks(profile, { time: manifest.time, now: null });
    const binding = await store.binding(profile.dataset, dataset);
    const bound =
      binding.length > 0
        ? (await withPins(lake, [dataset], { threads }, (engine) => checkExpectations(engine, manifest, binding)))
            .results
        : [];
    const checks = [...absolute.results.map((one) => checkOf(one, one.query)), ...bound.map((one) => checkOf(one))];
    const failed = checks.filter((check) => !check.success);
    const errors = failed.filter((check) => check.severity === "error");
    const evaluated = checks.filter((check) => typeof check.observed.evaluated === "number").length;
    // A check of nothing is a failure, never a pass.
    const passed = checks.length > 0 && evaluated > 0 && errors.length === 0;
    const suggested = passed ? suggestExpectations(profile, guarded(profile, null)) : [];
    commit(async (trx) => {
      await store.saveValidation(trx, dataset, { passed, checks }, now());
      if (passed) await store.saveSuggested(trx, profile.dataset, dataset, suggested, now());
    });
    const warned = failed.length - errors.length;
    const verdict = passed
      ? `${checks.length} checks held${warned > 0 ? `, ${warned} of them with a warning` : ""}; ${binding.length} expectations are older than this version`
      : `${errors.map((check) => check.message).join("; ")}`;
    return {
      dataset,
      passed,
      checks,
      statistics: { evaluated: checks.length, successful: checks.length - failed.length, older: binding.length },
      repair: [...new Set(errors.map(repairOf))],
      verdict,
    };
  },
});
