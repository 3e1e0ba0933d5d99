import { agent } from "@muster/bus/agent.ts";
import { call } from "@muster/bus/call.ts";
import { newId } from "@muster/bus/evidence.ts";
import type { Reply } from "@muster/bus/message.ts";
import type { Process } from "@muster/bus/process.ts";
import { serve } from "@muster/bus/serve.ts";
import type { Tool } from "@muster/bus/tool.ts";
import type { MlDeps } from "@muster/ml/index.ts";
import { type DataPlane, openDataPlane } from "@muster/ml/serving/data-plane.ts";
import { openServingDeps, type ServingDeps } from "@muster/ml/serving/deps.ts";
import { openMlStore } from "@muster/ml/store.ts";
import type { Role } from "@muster/shared/domain/receipt.ts";
import { expect, vi } from "vitest";
import { startBench } from "../support/process.ts";
import { accept } from "../support/signing.ts";
import { type Givers, signDeployable, type Trained } from "./deployable.ts";

/** Real servers with some tools of ml, a data plane, and those who sign what a deployment stands on. */
export type LiveBench = Awaited<ReturnType<typeof startLive>>;
export type Shown = Awaited<ReturnType<typeof signDeployable>>;

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
    /** Asks for a tool as somebody with a role, showing further receipts of that request. */
    async ask(
      tool: string,
      input: Record<string, unknown>,
      {
        role = "engineer",
        shows = async () => [],
      }: { role?: Role; shows?: (request: string) => Promise<string[]> } = {},
    ) {
      const request = newId("req");
      const receipts = [await accept(givers.gateway, request, { roles: [role] }), ...(await shows(request))];
      return (await on(tool, input, request, receipts)).output as Record<string, unknown> & { verdict: string };
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
    },
    async stop() {
      await plane.close();
      await stop();
      await bench.stop();
    },
  };
}
