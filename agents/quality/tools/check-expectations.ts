import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetRef } from "@muster/shared/domain/dataset.ts";
import { Check } from "@muster/shared/fact/table.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { z } from "zod";
import { bindingOn } from "../binding.ts";
import { checkExpectations as check } from "../check.ts";
import { checkOf } from "../gate-check.ts";
import type { QualityDeps } from "../index.ts";

export const checkExpectations = tool({
  name: "check_expectations",
  does: "Checks the expectations that an earlier version of a dataset gave rise to or a person defined. One scan; none at all is a failure.",
  effect: "read",
  input: z.object({ dataset: DatasetRef }),
  output: z.object({
    passed: z.boolean(),
    evaluated: z.number().int(),
    successful: z.number().int(),
    checks: z.array(Check),
    verdict: z.string(),
  }),
  needs: [{ is: "dataset.profiled", of: "dataset", as: "profile" }],
  gives: [{ is: "expectations.checked", of: "dataset", when: (out) => out.passed }],
  cost: { ms: 400 },
  run: async ({ dataset, profile }, { lake, threads, store }: Context & QualityDeps) => {
    const binding = await bindingOn(store, profile.dataset, dataset);
    const { success, results, statistics } = await withPins(lake, [dataset], { threads }, async (reader) =>
      check(reader, await lake.manifest(dataset), binding),
    );
    const { evaluated_expectations: evaluated, successful_expectations: successful } = statistics;
    const verdict =
      binding.length === 0
        ? "no expectation is older than this version or defined: nothing was checked"
        : `${successful} of ${evaluated} expectations held`;
    return { passed: success, evaluated, successful, checks: results.map(checkOf), verdict };
  },
});
