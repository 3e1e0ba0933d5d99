import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetRef, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import { columnsOf, Rule } from "@muster/shared/domain/expectation.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { newestDefinitions, ruleKey } from "../binding.ts";
import { kindWords } from "../gate-check.ts";
import type { QualityDeps } from "../index.ts";
import { takeBack } from "../take-back.ts";

export const defineExpectation = tool({
  name: "define_expectation",
  does: "Defines what is expected of a dataset, in the place of what was suggested of that kind for those columns. Binds at once; each change is a version.",
  effect: "write",
  input: z.object({
    dataset: DatasetRef,
    /** A kind and its arguments in the vocabulary of Great Expectations: `{type, kwargs}`. */
    expectation: Rule,
    severity: z.enum(["warn", "error"]).default("error"),
    because: z.string().min(1).max(300),
    /** False: nothing of this kind is expected of these columns any more, suggested or defined. */
    active: z.boolean().default(true),
  }),
  output: z.object({ dataset: z.string(), rule: z.string(), version: z.number().int(), verdict: z.string() }),
  confirmedBy: ["admin", "approver"],
  fresh: false,
  run: async (
    { dataset, expectation, severity, because, active },
    { store, lake, evidence, confirmer, now, commit, audit }: Context & QualityDeps,
  ) => {
    const { name } = parseDatasetRef(dataset);
    const { columns } = await lake.manifest(dataset);
    const there = new Set(columns.map((column) => column.name));
    const strange = columnsOf(expectation).find((column) => !there.has(column));
    if (strange !== undefined && expectation.type !== "expect_column_to_exist")
      throw fault("not_found", `${name} has no column ${strange}; see catalog.describe_dataset`);
    const rule = ruleKey(expectation);
    const person = confirmer!.person;
    const before = newestDefinitions(await store.definitions(name)).find((one) => one.rule === rule);
    const version = (before?.version ?? 0) + 1;
    commit(async (trx) => {
      const one = { ...expectation, severity, because };
      await store.define(trx, name, { rule, version, expectation: one, active, person, at: now().toISOString() });
      // What was checked without it doesn't stand any more.
      await takeBack({ lake, evidence }, trx, name, `${person} defined ${rule}`);
    });
    audit("quality.expectation_defined", `${name}: ${rule}`, { version, severity, active, person });
    const what = `${kindWords(expectation)} of ${columnsOf(expectation).join(", ") || "the table"}`;
    const said = active ? `${severity === "error" ? "must hold" : "is watched"} from now on` : "is expected no more";
    return { dataset: name, rule, version, verdict: `${what}: ${said}, says ${person} (version ${version})` };
  },
});
