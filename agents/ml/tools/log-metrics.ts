import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { seriesOf } from "../experiments/series.ts";
import type { MlDeps } from "../index.ts";

/** As MLflow takes them: letters, digits, and `_ - . / ` with spaces. */
const Key = z.string().regex(/^[A-Za-z0-9_][\w\-./ ]{0,249}$/);
const Text = z.string().max(5000);
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const logMetrics = tool({
  name: "log_metrics",
  does: "Logs metrics by step, parameters, tags and artifacts to a run; without one, begins a run of your own in an experiment.",
  effect: "write",
  input: z.object({
    /** The run to log to: its id or `runs:/ID`. */
    run: z
      .string()
      .regex(/^(runs:\/)?run_[0-9a-z]{1,64}$/)
      .optional(),
    /** Begins a run in this experiment where no run is named. */
    experiment: z.string().min(1).max(100).optional(),
    /** What the run is called. Default: the experiment's name. */
    name: z.string().min(1).max(200).optional(),
    /** What the run predicts, where that is known: only runs of one target are compared. */
    dataset: z.string().min(1).max(200).optional(),
    target: z.string().min(1).max(200).optional(),
    /** Finite numbers; a list holds the values of one step after the other, from `step` on. */
    metrics: z.record(Key, z.union([z.number(), z.array(z.number()).min(1).max(1000)])).optional(),
    step: z.number().int().nonnegative().max(1e12).optional(),
    /** When it was measured. Default: now. */
    at: z.iso.datetime().optional(),
    params: z.record(Key, z.union([z.string().max(500), z.number(), z.boolean()])).optional(),
    tags: z.record(Key, Text).optional(),
    /** Paths of the run with the hash that their bytes are kept under. */
    artifacts: z.record(z.string().regex(/^[\w][\w./-]{0,199}$/), Sha256).optional(),
    /** Ends a run of your own (or lets it go on). */
    status: z.enum(["running", "finished", "failed", "cancelled"]).optional(),
  }),
  output: z.object({
    run: z.string(),
    experiment: z.string().nullable(),
    logged: z.number().int(),
    verdict: z.string(),
  }),
  cost: { ms: 15 },
  run: async (input, context: Context & MlDeps) => {
    const { tracking, commit, emit, now, evidence } = context;
    const at = (input.at === undefined ? now() : new Date(input.at)).toISOString();
    const metrics = seriesOf(input.metrics ?? {}, input.step ?? 0, at);
    const params = Object.fromEntries(Object.entries(input.params ?? {}).map(([key, value]) => [key, String(value)]));
    const artifacts = Object.entries(input.artifacts ?? {}).map(([path, hash]) => ({ path, hash }));
    for (const { path, hash } of artifacts)
      if (!(await evidence.store.getArtifact(hash)))
        throw fault("not_found", `no bytes are kept under the hash of ${path}; name an artifact that there is`);
    const begun = input.run ? null : await begin(input, context);
    const run = begun?.run ?? (await known(input, context));
    commit(async (trx) => {
      if (begun) await tracking.beginOutside(trx, begun.row);
      await tracking.logMetrics(trx, run, metrics);
      await tracking.setParams(trx, run, params);
      await tracking.setTags(trx, run, input.tags ?? {});
      await tracking.setArtifacts(trx, run, artifacts);
      if (input.status) await tracking.endOutside(trx, run, input.status, now().toISOString());
    });
    emit("run_logged", { run });
    const experiment = begun?.row.experiment ?? (await tracking.run(run))?.experiment ?? null;
    const parts = [
      metrics.length > 0 && `${metrics.length} values of ${Object.keys(input.metrics ?? {}).length} metrics`,
      Object.keys(params).length > 0 && `${Object.keys(params).length} parameters`,
      input.tags && `${Object.keys(input.tags).length} tags`,
      artifacts.length > 0 && `${artifacts.length} artifacts`,
    ].filter(Boolean);
    const named = begun ? `${run} begun in ${input.experiment}` : run;
    const status = input.status ? `, ${input.status}` : "";
    const name = experiment && (await tracking.experimentName(experiment));
    return {
      run,
      experiment: name ?? input.experiment ?? null,
      logged: metrics.length,
      verdict: `${named}: ${parts.join(", ") || "nothing logged"}${status}`,
    };
  },
});

type Asked = { run?: string; experiment?: string; name?: string; dataset?: string; target?: string; status?: string };

/** The run that is named; its own figures and its end are the swarm's to say. */
async function known({ run, status, ...more }: Asked, { tracking }: MlDeps): Promise<string> {
  const id = run!.replace("runs:/", "");
  const held = await tracking.run(id);
  if (!held) throw fault("not_found", `there is no run ${id}; see npx muster runs`);
  const stray = (["experiment", "name", "dataset", "target"] as const).find((key) => more[key] !== undefined);
  if (stray) throw fault("invalid_input", `${stray} is said when a run is begun; ${id} began already`);
  if (status && held.origin === "trained")
    throw fault("invalid_input", `${id} is a training of the swarm, which says itself how it ended`);
  return id;
}

/** A run of the asker's own, in an experiment that there is. */
async function begin(
  { experiment, name, dataset, target }: Asked,
  { store, id, now, request, person, key }: Context & MlDeps,
) {
  if (!experiment) throw fault("invalid_input", "name the run to log to, or an experiment to begin one in");
  const held = await store.experiment(experiment);
  if (!held) throw fault("not_found", `there is no experiment ${experiment}; open it with ml.create_experiment`);
  const run = id("run");
  const row = {
    ...{ id: run, name: name ?? held.name, experiment: held.id, dataset: dataset ?? null, target: target ?? null },
    ...{ request, person, key, startedAt: now().toISOString() },
  };
  return { run, row };
}
