import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import { CATEGORY_COUNT } from "@muster/shared/domain/profile.ts";
import { datasetsRead } from "@muster/shared/features/kinds.ts";
import { checkLeaks, unmeasured } from "@muster/shared/features/leaks.ts";
import { compileMatrix } from "@muster/shared/features/matrix.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { z } from "zod";
import { checkCleared } from "../cleared-view.ts";
import type { PipelineDeps } from "../index.ts";
import { clearedSources } from "../sources.ts";

/** About so many training rows are computed for a preview, whole entities by hash. */
const previewRows = 20_000;

const Previewed = z.object({
  name: z.string(),
  kind: z.string(),
  type: z.enum(["number", "category"]),
  missingShare: z.number(),
  distinct: z.number().int(),
  /** Over at least 20 values; null for a category. */
  mean: z.number().nullable(),
  sd: z.number().nullable(),
});

export const previewFeatureView = tool({
  name: "preview_feature_view",
  does: "Shows what a feature view would be before anything is written: its SQL, and of each feature what is missing, how many values, mean and spread on a sample of training rows.",
  effect: "read",
  input: z.object({}),
  output: z.object({
    view: z.string(),
    hash: z.string(),
    rows: z.number().int(),
    sampled: z.number(),
    features: z.array(Previewed),
    sql: z.string(),
    verdict: z.string(),
  }),
  needs: [
    { is: "view.defined", as: "view" },
    { is: "problem.defined", as: "problem" },
    { is: "scope.pinned", as: "scope" },
    { is: "labels.built", as: "labels" },
    { is: "training.cleared", as: "cleared" },
  ],
  cost: { ms: 1000 },
  run: async ({ view, problem, labels, cleared }, { lake, threads }: Context & PipelineDeps) => {
    checkCleared(view, cleared);
    const { dataset, tables, dated, dialect } = await clearedSources(lake, problem.dataset, cleared);
    checkLeaks(view.features, problem, unmeasured(dated));
    const share = Math.min(1, previewRows / Math.max(1, labels.rows.training));
    const sample = share < 1 ? { share, salt: "preview" } : undefined;
    const { columns } = compileMatrix(dialect, problem, view, { dataset, tables }, "training");
    const sampled = compileMatrix(dialect, problem, view, { dataset, tables, sample }, "training");
    const read = datasetsRead(view);
    const pins = cleared.datasets.filter((pin) => read.has(parseDatasetRef(pin).name));
    const measured = columns.flatMap(({ name, type }, i) => {
      const c = quoteIdent(name);
      const number = type === "number" ? [`avg(${c}) AS m${i}`, `stddev_samp(${c}) AS s${i}`] : [];
      return [`count(${c}) AS n${i}`, `count(DISTINCT ${c}) AS d${i}`, ...number];
    });
    const [row] = await withPins(lake, pins, { threads, memoryMb: 2048 }, (engine) =>
      engine.query(`SELECT count(*) AS n, ${measured.join(", ")} FROM (${sampled.sql}) AS matrix`),
    );
    const rows = Number(row!.n);
    const features = columns.map(({ name, type }, i) => {
      const there = Number(row![`n${i}`]);
      const told = type === "number" && there >= CATEGORY_COUNT;
      return {
        name,
        kind: view.features[i]!.kind,
        type,
        missingShare: rows === 0 ? 0 : 1 - there / rows,
        distinct: Number(row![`d${i}`]),
        mean: told ? Number(row![`m${i}`]) : null,
        sd: told ? Number(row![`s${i}`]) : null,
      };
    });
    const empty = features.filter(({ distinct }) => distinct === 0).length;
    const part = share < 1 ? `about ${Math.round(100 * share)} % of ` : "";
    return {
      view: view.name,
      hash: view.hash,
      rows,
      sampled: share,
      features,
      sql: sampled.sql,
      verdict: `${features.length} features on ${part}the training rows (${rows})${empty > 0 ? `; ${empty} without any value` : ""}; nothing was written`,
    };
  },
});
