import { setTimeout as pause } from "node:timers/promises";
import { hashOf } from "@muster/shared/canonical.ts";
import type { Config } from "@muster/shared/config.ts";
import type { RequestView } from "@muster/shared/domain/request.ts";
import { Fault } from "@muster/shared/fault.ts";
import { inboxFolder } from "@muster/shared/home.ts";
import { type Gateway, gatewayClient } from "./gateway-client.ts";
import { digestOf, type InboxFile, intoInbox, readLastJob, sampleCompany, writeLastJob } from "./main-job-data.ts";
import { printAnswer, progress } from "./main-job-print.ts";
import { say } from "./terminal.ts";

/** What the main job asks of the sample company when nothing else is asked. */
export const defaultAsk = "I want to predict customer churn for Q3";

export type MainJobOptions = {
  gatewayUrl: string;
  tokenFile: string;
  config: Config;
  /** Own files, as a person named them; none: the sample company. */
  data: readonly string[];
  ask: string;
  /** One JSON document on stdout instead of plain words. */
  json: boolean;
};

const pollMs = 300;
const resting = new Set(["succeeded", "failed", "cancelled", "awaiting_approval", "awaiting_answer"]);

/**
 * Does the main job through the gateway: loads the data, asks, shows the plan as it's carried out, prints the answer.
 * Where neither data nor settings changed and the deployment stands, the standing answer is given instead, and said so.
 * Gives the exit code: 0 when the request succeeded, 1 when it failed or waits for a person.
 */
export async function runMainJob(options: MainJobOptions): Promise<number> {
  const { config, ask } = options;
  const gateway = gatewayClient(options.gatewayUrl, options.tokenFile);
  const inbox = inboxFolder(config.home);
  const files = options.data.length > 0 ? intoInbox(inbox, options.data) : await sampleCompany(inbox, config.seed);
  const fingerprint = hashOf({
    data: await digestOf(inbox, files),
    ask,
    settings: [config.purpose, config.seed, config.threads, config.model, config.openaiBaseUrl, config.xgboostLib],
  });
  const standing = await standingAnswer(gateway, config.home, fingerprint);
  if (standing) {
    say(`data and settings are as they were: this is the answer of ${standing.id}, whose deployment stands`);
    printAnswer(standing, options.json);
    return 0;
  }
  for (const file of files) await load(gateway, file);
  say(`asking: ${ask}`);
  const { id } = await gateway.post<{ id: string }>("/v1/requests", { text: ask });
  const request = await followed(gateway, id);
  if (request.status === "succeeded") writeLastJob(config.home, { fingerprint, request: id });
  printAnswer(request, options.json);
  return request.status === "succeeded" ? 0 : 1;
}

type Loaded = { datasets: { name: string; version: string; rows: number }[] };

async function load(gateway: Gateway, file: InboxFile): Promise<void> {
  const { datasets } = await gateway.post<Loaded>("/v1/datasets", file);
  for (const { name, rows } of datasets) say(`loaded ${name}: ${rows} rows`);
}

async function followed(gateway: Gateway, id: string): Promise<RequestView> {
  const show = progress(say);
  for (;;) {
    const request = await gateway.get<RequestView>(`/v1/requests/${id}`);
    show(request);
    if (resting.has(request.status)) return request;
    await pause(pollMs);
  }
}

type Deployments = { deployments: { name: string }[] };

/** The answer of the last main job where nothing it depends on changed and what it deployed still stands. */
async function standingAnswer(gateway: Gateway, home: string, fingerprint: string): Promise<RequestView | null> {
  const last = readLastJob(home);
  if (last?.fingerprint !== fingerprint) return null;
  try {
    const request = await gateway.get<RequestView>(`/v1/requests/${last.request}`);
    const { deployments } = await gateway.get<Deployments>("/v1/deployments");
    const stands = deployments.some(({ name }) => name === request.answer?.deployment?.name);
    return request.status === "succeeded" && stands ? request : null;
  } catch (error) {
    if (error instanceof Fault && error.code === "not_found") return null;
    throw error;
  }
}
