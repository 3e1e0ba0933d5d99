import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetRef, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import { columnsOf } from "@muster/shared/domain/expectation.ts";
import { z } from "zod";
import { bindingOn } from "../binding.ts";
import type { QualityDeps } from "../index.ts";

export const listExpectations = tool({
  name: "list_expectations",
  does: "Lists what is expected of a dataset version, each with its version and where it comes from, and every change that people made.",
  effect: "read",
  input: z.object({ dataset: DatasetRef }),
  output: z.object({
    expectations: z.array(
      z.object({
        type: z.string(),
        columns: z.array(z.string()),
        severity: z.enum(["warn", "error"]),
        because: z.string(),
        from: z.enum(["suggested", "declared", "defined"]),
        version: z.number().int(),
        since: z.string(),
      }),
    ),
    changes: z.array(
      z.object({
        rule: z.string(),
        version: z.number().int(),
        active: z.boolean(),
        person: z.string(),
        at: z.string(),
      }),
    ),
    verdict: z.string(),
  }),
  cost: { ms: 20 },
  run: async ({ dataset }, { store }: Context & QualityDeps) => {
    const { name } = parseDatasetRef(dataset);
    const binding = await bindingOn(store, name, dataset);
    const changes = (await store.definitions(name)).map(({ rule, version, active, person, at }) => ({
      ...{ rule, version, active, person, at },
    }));
    const expectations = binding.map((one) => ({
      ...{ type: one.type, columns: columnsOf(one), severity: one.severity, because: one.because },
      ...{ from: one.from, version: one.version, since: one.since },
    }));
    const count = (of: string) => binding.filter(({ from }) => from === of).length;
    const verdict =
      binding.length === 0
        ? "nothing is expected of this version beyond the absolute checks: none is older than it, none is declared or defined"
        : `${binding.length} expectations bind: ${count("suggested")} suggested from an earlier version, ${count("declared")} declared by a project, ${count("defined")} defined`;
    return { expectations, changes, verdict };
  },
});
