import { agent } from "@muster/bus/agent.ts";
import { call } from "@muster/bus/call.ts";
import { newId } from "@muster/bus/evidence.ts";
import type { Reply } from "@muster/bus/message.ts";
import type { Process } from "@muster/bus/process.ts";
import { serve } from "@muster/bus/serve.ts";
import type { Tool } from "@muster/bus/tool.ts";
import type { MlDeps } from "@muster/ml/index.ts";
import { predictFitted } from "@muster/ml/score.ts";
import { sampleMatrix } from "@muster/ml/scoring/read-matrix.ts";
import { type DataPlane, openDataPlane } from "@muster/ml/serving/data-plane.ts";
import { openServingDeps, type ServingDeps } from "@muster/ml/serving/deps.ts";
import { openMlStore } from "@muster/ml/store.ts";
import { canonical, sha256 } from "@muster/shared/canonical.ts";
import type { Role } from "@muster/shared/domain/receipt.ts";
import { expect, vi } from "vitest";
import { startBench } from "../support/process.ts";
import { accept, sign } from "../support/signing.ts";
import { type Givers, signDeployable, type Trained } from "./deployable.ts";

/** Real servers with some tools of ml, a data plane, and those who sign what a deployment stands on. */
export type LiveBench = Awaited<ReturnType<typeof startLive>>;
export type Shown = Awaited<ReturnType<typeof signDeployable>>;

/** What governance has to clear before a tool. */
const changes: Record<string, string> = {
  ...{ rollback_deployment: "roll_back", retire_model: "retire", end_ab_test: "end_test" },
};

/** One client as a caller sends it. */
export type Client = { id?: string | null; tenure: number | null; plan: string | null; fee: number | null };

/** Starts it. `name`: what is deployed. */
export async function startLive(name: string, tools: Tool[]) {
  const bench = await startBench([
    { name: "gateway", kind: "door", of: "gateway", file: "" },
    ...["pipeline", "governance", "ml"].map((one) => ({ name: one, kind: "agent" as const, of: one, file: "" })),
    { name: "ml-serving", kind: "serving", of: "ml", file: "" },
  ]);
  const open = (one: string): Promise<Process> => bench.process(one);
  const givers: Givers = {
    ...{ gateway: await open("gateway"), ml: await open("ml") },
    ...{ pipeline: await open("pipeline"), governance: await open("governance") },
  };
  const deps: ServingDeps & Pick<MlDeps, "store"> = {
    ...(await openServingDeps(givers.ml)),
    store: await openMlStore(givers.ml.pool),
  };
  const ml = agent({ name: "ml", does: "A test's agent.", tools, open: async () => ({ deps }) });
  const stop = await serve({ process: givers.ml, agent: ml, opened: { deps } }, null);
  const process = await open("ml-serving");
  const serving = { ...process, config: { ...process.config, serving: "127.0.0.1:0" } };
  let plane: DataPlane = await openDataPlane(serving);
  deps.serving.url = plane.url;

  const on = (tool: string, input: Record<string, unknown>, request: string, receipts: string[]): Promise<Reply> =>
    call(givers.gateway, {
      ...{ tool: `ml.${tool}`, input, request, receipts, key: newId("k"), deadline: Date.now() + 60_000 },
    });
  const versions = async () => {
    const meta = await fetch(`${plane.url}/v2/models/${name}`);
    return meta.status === 200 ? ((await meta.json()) as { versions: string[] }).versions : meta.status;
  };
  return {
    ...{ bench, givers, deps, on },
    url: () => plane.url,
    /** Everything that going live wants to see, signed. */
    signed: (trained: Trained, version: number) => signDeployable(givers, { trained, name, version, asOf: null }),
    /** Deploys a trained model as a version of the name. */
    async deploy(trained: Trained, version: number): Promise<Shown> {
      const shown = await signDeployable(givers, { trained, name, version, asOf: null });
      await on("deploy_model", {}, shown.request, Object.values(shown.receipts));
      return shown;
    },
    /** Asks for a tool as somebody with a role, showing further receipts of that request; `cleared`: may take back what is live. */
    async ask(
      tool: string,
      input: Record<string, unknown>,
      {
        role = "engineer",
        shows = async () => [],
        cleared = true,
      }: { role?: Role; shows?: (request: string) => Promise<string[]>; cleared?: boolean } = {},
    ) {
      const request = newId("req");
      const receipts = [await accept(givers.gateway, request, { roles: [role] }), ...(await shows(request))];
      const act = changes[tool];
      const of = (input.deployment ?? input.name) as string | undefined;
      if (act && of !== undefined && cleared) {
        const about = { deployment: of, person: "ada", purpose: "analytics", [act]: of };
        const yes = { policies: ["test"], reasons: [] };
        receipts.push(await sign(givers.governance, "change.cleared", about, yes, { request, person: "ada" }));
      }
      return (await on(tool, input, request, receipts)).output as Record<string, unknown> & { verdict: string };
    },
    /** Signs how the model was judged, on training rows with labels that follow its own scores; `draw` gives 0..1 for a row. */
    async judged(trained: Trained, { model }: Shown, draw: (row: number) => number): Promise<void> {
      const { problem, scope, view, pins, fitted } = trained;
      const { columns, rows } = await sampleMatrix(givers.ml.lake, pins.training, fitted.inputs, 800);
      const prediction = predictFitted(fitted, columns).probabilities.map((one) => Array.from(one));
      const text = canonical({ label: prediction[1]!.map((one, row) => Number(draw(row) < one)), prediction });
      await givers.ml.evidence.store.putArtifact(sha256(text), "application/json", Buffer.from(text));
      const about = { problem: problem.hash, scope, view: view.hash, training: pins.training, holdout: pins.training };
      await sign(
        givers.ml,
        "model.evaluated",
        { ...about, model, purpose: "analytics" },
        {
          ...{ metrics: {}, intervals: {}, baseline: {}, look: 1, rows, threshold: null, calibration: null },
          ...{ exploratory: false, predictions: sha256(text) },
        },
      );
    },
    /** Writes a version into the registry as register_model does. */
    async registered(trained: Trained, { model }: Shown, version: number): Promise<void> {
      const { dataset, target, task, hash: problem } = trained.problem;
      const run = newId("run");
      const when = new Date().toISOString();
      const owner = { dataset, target, task, request: null, person: null };
      const begun = { id: run, name, experiment: null, problem, key: run, reservation: "", startedAt: when };
      await deps.store.beginRun({ ...owner, ...begun });
      await deps.evidence.store.db.transaction().execute((trx) =>
        deps.store.insertVersion(trx, {
          ...{ ...owner, name, version, hash: model, run, problem, view: trained.view.hash, metrics: {} },
          ...{ exploratory: false, at: when },
        }),
      );
    },
    live: async () => (await deps.deployments.liveOf(name))?.version ?? null,
    /** The models whose receipts say that they are live, the newest first. */
    standing: async () =>
      (await deps.evidence.standing("deployment.live", { deployment: name })).map(({ about }) => about.model),
    /** The versions that the data plane serves, or the status that it answers with. */
    versions,
    served: (expected: string[] | number) =>
      vi.waitFor(async () => expect(await versions()).toEqual(expected), { timeout: 15_000, interval: 50 }),
    /** Sends clients to be scored. */
    async infer(clients: Client[], path = "", id: string | null = null) {
      const input = (column: keyof Client, datatype: string) => ({
        ...{ name: column, datatype, shape: [clients.length, 1] },
        data: clients.map((client) => client[column] ?? null),
      });
      const keyed = clients.some((client) => client.id !== undefined) ? [input("id", "BYTES")] : [];
      const inputs = [...keyed, input("tenure", "FP64"), input("plan", "BYTES"), input("fee", "FP64")];
      const response = await fetch(`${plane.url}/v2/models/${name}${path}/infer`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ ...(id !== null && { id }), inputs }),
      });
      const body = (await response.json()) as {
        model_version: string;
        parameters?: Record<string, unknown>;
        outputs: { name: string; data: (number | string)[] }[];
      };
      return { status: response.status, ...body };
    },
    /** Ends the segment being written, as its age would, so that what was predicted can be landed. */
    async endSegment() {
      await plane.close();
      plane = await openDataPlane(serving);
      deps.serving.url = plane.url;
    },
    async stop() {
      await plane.close();
      await stop();
      await bench.stop();
    },
  };
}
