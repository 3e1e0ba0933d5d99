import { z } from "zod";
import type { MlDeps } from "../index.ts";
import { numberOf, pageToken } from "./paging.ts";
import type { ListedRun } from "./run.ts";
import { trainedFacts } from "./trained-facts.ts";

/** A value of a metric as it was logged. */
const Logged = z.object({ step: z.number(), at: z.string(), value: z.number() });

/** A run in full: what it was made with and by, on which data, what was measured by step, what it left. */
export const RunDetail = z.object({
  params: z.record(z.string(), z.string()),
  tags: z.record(z.string(), z.string()),
  /** Each metric at its last step; `points`: how many values there are. Those of folds have the fold as their step. */
  metrics: z.array(Logged.extend({ key: z.string(), points: z.number().int() })),
  /** The values of the one metric that was asked for, a page of them. */
  history: z.object({ key: z.string(), values: z.array(Logged), next_page_token: z.string().nullable() }).nullable(),
  artifacts: z.array(z.object({ path: z.string(), hash: z.string(), uri: z.string() })),
  code: z.object({ version: z.string(), commit: z.string().nullable() }).nullable(),
  data: z.array(z.string()),
  versions: z.array(z.object({ name: z.string(), version: z.number().int() })),
});

type Page = { metric: string | null; limit: number; token: string | null };

/** What is known of a run; a training's own parameters, scores and files stand beside what was logged to it. */
export async function describeRun(
  run: ListedRun,
  { metric, limit, token }: Page,
  { tracking, evidence }: Pick<MlDeps, "tracking" | "evidence">,
): Promise<z.infer<typeof RunDetail>> {
  const [notes, logged, code, versions, results] = await Promise.all([
    tracking.notesOf(run.id),
    tracking.lastMetrics(run.id),
    tracking.code(run.id),
    tracking.versionsOfRun(run.id),
    tracking.results([run.id]),
  ]);
  const result = results.get(run.id);
  const own = result ? await trainedFacts(result, run.finishedAt ?? run.startedAt, evidence) : null;
  const measured = own?.metrics ?? [];
  const skip = token === null ? 0 : numberOf(token);
  const values =
    metric === null
      ? []
      : [
          ...measured.filter(({ key }) => key === metric).slice(skip, skip + limit + 1),
          ...(await tracking.metricPage(run.id, metric, skip, limit + 1)),
        ];
  return {
    params: { ...own?.params, ...notes.params },
    tags: notes.tags,
    metrics: [...measured.map((one) => ({ ...one, points: 1 })), ...logged],
    history:
      metric === null
        ? null
        : {
            key: metric,
            values: values.slice(0, limit).map(({ step, at, value }) => ({ step, at, value })),
            next_page_token: values.length > limit ? pageToken(skip + limit) : null,
          },
    artifacts: [...(own?.artifacts ?? []), ...notes.artifacts].map((one) => ({
      ...one,
      uri: `runs:/${run.id}/${one.path}`,
    })),
    code: code && { version: code.version, commit: code.commit },
    data: code?.data ?? (result ? [result.training] : []),
    versions,
  };
}
