import { asFault, Fault, fault } from "@muster/shared/fault.ts";
import { type NatsConnection, headers as natsHeaders, type ServiceMsg } from "nats";
import { metadataOf } from "./card-wire.ts";
import { announce } from "./job.ts";
import { type Message, toWire } from "./message.ts";
import { nestsDeeper } from "./nesting.ts";
import { type Host, perform, readInput } from "./perform.ts";
import { prove } from "./prove.ts";
import { header, subject } from "./subject.ts";
import type { Tool } from "./tool.ts";
import { childOf, parseTraceparent } from "./trace.ts";

/** Levels of lists and objects that an input may have. */
const deepest = 64;

/** Puts an agent's tools on the bus: one micro-service endpoint a tool, its card in the metadata. Gives a function that stops. */
export async function serve(
  host: Host,
  jobs: { enqueue: (message: Message) => Promise<void> } | null,
): Promise<() => Promise<void>> {
  const { agent, process } = host;
  const service = await process.nats.services.add({
    name: agent.name,
    version: "0.1.0",
    description: agent.does,
    queue: agent.name,
    metadata: { pid: String(globalThis.process.pid) },
  });
  for (const tool of agent.tools) {
    service.addEndpoint(tool.name, {
      subject: subject.request(agent.name, tool.name),
      metadata: metadataOf(agent.name, tool),
      // The library drops what an async handler throws: catching is ours.
      handler: (error, raw) => {
        if (!error) void answer(host, tool, raw, jobs);
      },
    });
  }
  await process.nats.flush();
  return async () => {
    await service.stop();
  };
}

/** Lets a process without tools answer `$SRV.PING`, so that its health can be asked. Gives a function that stops. */
export async function announceService(nats: NatsConnection, name: string, does: string): Promise<() => Promise<void>> {
  const metadata = { pid: String(globalThis.process.pid) };
  const service = await nats.services.add({ name, version: "0.1.0", description: does, queue: name, metadata });
  await nats.flush();
  return async () => {
    await service.stop();
  };
}

async function answer(
  host: Host,
  tool: Tool,
  raw: ServiceMsg,
  jobs: { enqueue: (message: Message) => Promise<void> } | null,
): Promise<void> {
  try {
    const message = readMessage(host, tool, raw);
    if (Date.now() > message.deadline) throw fault("deadline", "the call came after its deadline");
    if (!tool.long) return void raw.respond(JSON.stringify(await perform(host, tool, message)));
    await accept(host, tool, message, jobs);
    const later = natsHeaders();
    later.set(header.later, message.key);
    raw.respond(JSON.stringify({ run: message.key }), { headers: later });
  } catch (error) {
    const known = error instanceof Fault ? error : asFault(error);
    if (known.code === "internal")
      host.process.log.error({ tool: tool.name, err: known.cause }, "a call failed inside");
    raw.respondError(httpOf(known), known.code, new TextEncoder().encode(JSON.stringify(toWire(known))));
  }
}

const httpOf = (f: Fault): number =>
  Number({ unavailable: 503, deadline: 504, invalid_input: 400 }[f.code as string] ?? 500);

/** Input and needs are checked before anything is queued: a refusal is told at once. */
async function accept(
  host: Host,
  tool: Tool,
  message: Message,
  jobs: { enqueue: (message: Message) => Promise<void> } | null,
): Promise<void> {
  if (!jobs) throw fault("unavailable", "long work needs Redis; see npx muster status");
  const { evidence } = host.process;
  if (await evidence.store.result(message.key)) return;
  const input = await readInput(host, tool, message.input);
  await prove(tool, input, message, host.process);
  await evidence.store.enqueue(evidence.store.db, message, announce.processOf(host.agent));
  await jobs.enqueue(message);
}

function readMessage({ agent }: Host, tool: Tool, raw: ServiceMsg): Message {
  const get = (name: string) => raw.headers?.get(name) || null;
  let input: Record<string, unknown>;
  // What follows walks the input; a body made to exhaust the stack would end as a fault of ours.
  if (nestsDeeper(raw.data, deepest)) throw fault("invalid_input", `the body nests deeper than ${deepest}`);
  try {
    input = (raw.data.length ? raw.json() : {}) as Record<string, unknown>;
  } catch {
    throw fault("invalid_input", "the body is not JSON");
  }
  const deadline = Number(get(header.deadline));
  return {
    tool: `${agent.name}.${tool.name}`,
    input,
    receipts: get(header.receipts)?.split(",").filter(Boolean).slice(0, 500) ?? [],
    key: get(header.key) ?? `bare:${crypto.randomUUID()}`,
    request: get(header.request),
    step: get(header.step),
    attempt: Number(get(header.attempt) ?? 1) || 1,
    deadline: Number.isFinite(deadline) && deadline > 0 ? deadline : Date.now() + 60_000,
    trace: childOf(parseTraceparent(get(header.trace))),
  };
}
