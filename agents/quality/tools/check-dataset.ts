import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetPin, DatasetRef } from "@muster/shared/domain/dataset.ts";
import { assertionsOf, datasetNode } from "@muster/shared/domain/lineage.ts";
import { Check } from "@muster/shared/fact/table.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { z } from "zod";
import { absoluteChecks } from "../absolute.ts";
import { bindingOn, ruleKey } from "../binding.ts";
import { checkExpectations } from "../check.ts";
import { checkOf, repairOf } from "../gate-check.ts";
import { guarded } from "../guarded.ts";
import type { QualityDeps } from "../index.ts";
import { findRelations } from "../relations.ts";
import { suggestExpectations } from "../suggest.ts";

export const checkDataset = tool({
  name: "check_dataset",
  does: "Says whether a dataset version may be trusted: absolute checks always, expectations that are older than it or that a person defined.",
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
  run: async ({ dataset, profile }, { lake, threads, store, now, commit, lineage }: Context & QualityDeps) => {
    const manifest = await lake.manifest(dataset);
    const binding = await bindingOn(store, profile.dataset, dataset);
    const { absolute, bound, relations } = await withPins(lake, [dataset], { threads }, async (reader) => ({
      absolute: absoluteChecks(profile, { dialect: reader.dialect, time: manifest.time, now: null }),
      bound: binding.length > 0 ? (await checkExpectations(reader, manifest, binding)).results : [],
      relations: await findRelations(reader, manifest),
    }));
    const results = [...absolute.results, ...bound];
    const checks = results.map(checkOf);
    const names = manifest.columns.map((column) => column.name);
    lineage({ inputs: [{ ...datasetNode(dataset), assertions: assertionsOf(checks, names) }] });
    const failed = checks.filter((check) => !check.success);
    const errors = failed.filter((check) => check.severity === "error");
    const evaluated = checks.filter((check) => typeof check.observed.evaluated === "number").length;
    // A check of nothing is a failure, never a pass.
    const passed = checks.length > 0 && evaluated > 0 && errors.length === 0;
    const suggested = passed ? suggestExpectations(profile, guarded(profile, null), relations) : [];
    const because = Object.fromEntries(results.map(({ expectation }) => [ruleKey(expectation), expectation.because]));
    commit(async (trx) => {
      await store.saveValidation(trx, dataset, { passed, checks, because }, now());
      if (passed) await store.saveSuggested(trx, profile.dataset, dataset, suggested, now());
    });
    const warned = failed.length - errors.length;
    const verdict = passed
      ? `${checks.length - warned} checks held${warned > 0 ? `, ${warned} more gave a warning` : ""}; ${binding.length} expectations are older than this version`
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
