import { canonical, hashOf, sha256 } from "@muster/shared/canonical.ts";
import { lineageRecorded } from "@muster/shared/domain/lineage.ts";
import { factType } from "@muster/shared/fact/table.ts";
import { asFault, Fault, fault, retryable } from "@muster/shared/fault.ts";
import { newestPin } from "@muster/shared/warehouse/newest.ts";
import { toJSONSchema } from "zod";
import type { Agent, Opened } from "./agent.ts";
import type { AnyTrx } from "./context.ts";
import { contextOf } from "./context-of.ts";
import { newId } from "./evidence.ts";
import { lineageRecord } from "./lineage.ts";
import { type Given, type Message, type Outcome, type Reply, toWire } from "./message.ts";
import type { Process } from "./process.ts";
import { type Proof, prove } from "./prove.ts";
import type { Tool } from "./tool.ts";
import { noWorks, type Works } from "./works.ts";

/** Where a tool runs: the process, the agent it belongs to, and what that agent opened. */
export type Host = { process: Process; agent: Agent; opened: Opened };

/** A killed process's step is free for another after this; renewed three times within. */
const leaseSeconds = 6;
const toolMs = 55_000;
const endMs = 3000;
const outputBytes = 64 * 1024;
/** A read that leaves no record may fill a message of the bus, whose limit is 256 KB with headers. */
const messageBytes = 200 * 1024;

/**
 * Runs one call of a tool from raw input to stored result: input, needs, run, then effects, receipts, audit and result
 * in one transaction. A redelivered key gives the stored result; a second delivery in mid-run waits for the first.
 * Throws the fault that the caller sees.
 */
export async function perform(host: Host, tool: Tool, message: Message, cancel?: AbortSignal): Promise<Reply> {
  const input = await readInput(host, tool, message.input);
  const recorded = tool.effect !== "read" || tool.gives.length > 0 || tool.long;
  if (!recorded) {
    const proof = await prove(tool, input, message, host.process);
    const { output, full } = await checkedRun(host, tool, input, message, proof, cancel);
    return { output: await sized(host, output, messageBytes), given: [], next: tool.next?.(output, full) ?? [] };
  }
  const inputHash = hashOf(input);
  const stored = await storedReply(host, message, inputHash);
  if (stored) return stored;
  const proof = await prove(tool, input, message, host.process);
  return runRecorded(host, tool, input, inputHash, message, proof, cancel);
}

/** Checks the caller's input; every fault names the path. Dataset names become pins of the newest version. */
export async function readInput(host: Host, tool: Tool, raw: unknown): Promise<Record<string, unknown>> {
  const parsed = tool.input.safeParse(raw);
  if (!parsed.success) {
    // A key that isn't in the schema is the fault's place itself.
    const issues = parsed.error.issues.flatMap((issue) =>
      (issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...issue.path, key]) : [issue.path]).map(
        (path) => ({ path: path.join("."), message: issue.message }),
      ),
    );
    const first = issues[0]!;
    throw fault("invalid_input", `${tool.name}: ${first.path || "input"}: ${first.message}`, { issues });
  }
  const input = { ...(parsed.data as Record<string, unknown>) };
  for (const key of datasetKeys(tool))
    if (typeof input[key] === "string") input[key] = await newestPin(host.process.lake, input[key], host.process.now());
  return input;
}

const keysByTool = new WeakMap<Tool, string[]>();
function datasetKeys(tool: Tool): string[] {
  const held = keysByTool.get(tool);
  if (held) return held;
  const schema = toJSONSchema(tool.input, { io: "input", unrepresentable: "any" }) as {
    properties?: Record<string, { muster?: string }>;
  };
  const keys = Object.entries(schema.properties ?? {})
    .filter(([, property]) => property.muster === "dataset")
    .map(([key]) => key);
  keysByTool.set(tool, keys);
  return keys;
}

/** The reply stored under a key; its fault is thrown again. Another input under the same key is a `conflict`. */
async function storedReply({ process }: Host, message: Message, inputHash: string): Promise<Reply | null> {
  const stored = await process.evidence.store.result(message.key);
  if (!stored) return null;
  if (stored.input_hash !== inputHash || stored.tool !== message.tool)
    throw fault("conflict", "this idempotency key was used for another call; take a new one");
  return replyOf(stored.outcome);
}

/** The reply of an outcome, or its fault thrown. */
export function replyOf(outcome: Outcome): Reply {
  if (outcome.ok) return outcome.reply;
  throw new Fault(outcome.fault.code, outcome.fault.message, outcome.fault.data);
}

async function runRecorded(
  host: Host,
  tool: Tool,
  input: Record<string, unknown>,
  inputHash: string,
  message: Message,
  proof: Proof,
  cancel?: AbortSignal,
): Promise<Reply> {
  const { evidence, log } = host.process;
  const owner = newId("own");
  const until = tool.long ? message.deadline : Math.min(message.deadline, Date.now() + toolMs);
  const epoch = await takeLease(host, message, owner, inputHash, until);
  if (typeof epoch !== "number") return epoch;
  const fenced = new AbortController();
  const renewal = setInterval(() => {
    evidence.store.renewLease(message.key, owner, epoch, leaseSeconds).then(
      (ours) => ours || fenced.abort(fault("conflict", "another process took this step over")),
      (error) => log.warn({ key: message.key, code: asFault(error).code }, "the lease could not be renewed"),
    );
  }, leaseSeconds * 300);
  const works = noWorks();
  const began = host.process.now();
  const tellLineage = async (trx: AnyTrx, failure?: Fault): Promise<void> => {
    if (!works.lineage) return;
    const ended = host.process.now();
    const record = lineageRecord(works.lineage, { message, epoch, began, ended, fault: failure });
    await evidence.store.emit(trx, lineageRecorded, record);
  };
  try {
    const stop = AbortSignal.any([fenced.signal, ...(cancel ? [cancel] : [])]);
    await consume(host, proof, message.key);
    const { output, full } = await checkedRun(host, tool, input, message, proof, stop, works);
    works.within.push(tellLineage);
    const reply = await conclude(host, tool, input, inputHash, message, proof, { output, full }, works, owner, epoch);
    for (const work of works.after) work();
    return reply;
  } catch (error) {
    const known = asFault(error);
    if (known.code === "internal")
      log.error({ key: message.key, tool: message.tool, err: causeOf(known) }, "a tool threw");
    await concludeFault(host, tool, inputHash, message, proof, known, owner, epoch, (trx) => tellLineage(trx, known));
    throw known;
  } finally {
    clearInterval(renewal);
  }
}

const causeOf = (f: Fault): unknown => f.cause ?? f;

/** The lease's epoch, or the reply that another delivery of the same call came to. */
async function takeLease(
  host: Host,
  message: Message,
  owner: string,
  inputHash: string,
  until: number,
): Promise<number | Reply> {
  const { store } = host.process.evidence;
  for (;;) {
    const epoch = await store.takeLease(message.key, message.tool, owner, leaseSeconds);
    // Read again under the lease: the first delivery may have ended in between.
    const stored = await storedReply(host, message, inputHash);
    if (stored) return stored;
    if (epoch !== null) return epoch;
    if (Date.now() > until) throw fault("deadline", "another delivery of this call is still at work");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function consume({ process }: Host, proof: Proof, key: string): Promise<void> {
  for (const receipt of proof.consumes)
    if (!(await process.evidence.store.consume(process.evidence.store.db, receipt, key)))
      throw fault("precondition_failed", "a permission was used up by another step; ask again", { missing: [receipt] });
}

type Ran = { output: unknown; full: Record<string, unknown> };

const reasonOf = ({ reason }: AbortSignal): Fault =>
  reason instanceof Fault ? reason : fault("cancelled", "the request was cancelled");

/** Runs the tool inside its time and holds its output to its schema. */
async function checkedRun(
  host: Host,
  tool: Tool,
  input: Record<string, unknown>,
  message: Message,
  proof: Proof,
  cancel?: AbortSignal,
  works: Works = noWorks(),
): Promise<Ran> {
  const full = { ...input, ...proof.filled };
  const limit = tool.long ? message.deadline : Math.min(message.deadline, Date.now() + toolMs);
  const timeout = new AbortController();
  const signal = cancel ? AbortSignal.any([timeout.signal, cancel]) : timeout.signal;
  const timer = setTimeout(
    () => timeout.abort(fault("deadline", `${message.tool} didn't end in time`)),
    Math.min(Math.max(0, limit - Date.now()), 2 ** 31 - 1),
  );
  try {
    const stopped = new Promise<never>((_, reject) => {
      // Long work is given a moment to end by itself: its own fault says what it had used by then.
      const fail = () => void setTimeout(() => reject(reasonOf(signal)), tool.long ? endMs : 0);
      if (signal.aborted) fail();
      else signal.addEventListener("abort", fail, { once: true });
    });
    stopped.catch(() => undefined);
    const context = contextOf(host, message, proof, signal, works);
    const result = await Promise.race([tool.run(full, { ...host.opened.deps, ...context }), stopped]);
    if (signal.aborted) throw reasonOf(signal);
    const parsed = tool.output.safeParse(result);
    if (!parsed.success)
      throw fault("broken_contract", `${tool.name}: its output doesn't keep its schema`, {
        paths: parsed.error.issues.slice(0, 5).map((issue) => `${issue.path.join(".")}: ${issue.code}`),
      });
    return { output: parsed.data, full };
  } finally {
    clearTimeout(timer);
  }
}

/** Effects, receipts, audit, result: together or not at all; only while the lease is still ours. */
async function conclude(
  host: Host,
  tool: Tool,
  input: Record<string, unknown>,
  inputHash: string,
  message: Message,
  proof: Proof,
  { output, full }: Ran,
  works: Works,
  owner: string,
  epoch: number,
): Promise<Reply> {
  const { evidence, now } = host.process;
  const signed: Awaited<ReturnType<typeof evidence.sign>>[] = [];
  for (const give of tool.gives) {
    const about = aboutOf(
      give.is,
      { ...proof.about, ...(give.of ? { [give.of]: full[give.of] } : {}), ...give.about?.(output, full) },
      give.role ? String(full[give.role]) : null,
    );
    signed.push(
      await evidence.sign({
        id: newId("rcp"),
        fact: give.is,
        about,
        value: works.values.get(give.is) ?? (give.value ? give.value(output, full) : output),
        verdict: give.when && !give.when(output) ? "failed" : "passed",
        request: message.request,
        person: proof.accepted?.person ?? null,
        uses: proof.uses,
      }),
    );
  }
  const given: Given[] = signed.map(({ receipt: { id, fact, verdict, about } }) => ({ id, fact, verdict, about }));
  const reply: Reply = { output: await sized(host, output), given, next: tool.next?.(output, full) ?? [] };
  await evidence.store.db.transaction().execute(async (trx: AnyTrx) => {
    if (!(await evidence.store.holdLease(trx, message.key, owner, epoch)))
      throw fault("conflict", "another process took this step over; its result stands");
    for (const work of works.within) await work(trx);
    for (const { receipt, document } of signed) await evidence.store.give(trx, receipt, document);
    await evidence.store.audit(trx, {
      id: newId("aud"),
      at: now().toISOString(),
      what: message.tool,
      subject: hashOf(input),
      person: proof.accepted?.person ?? null,
      request: message.request,
      step: message.step,
      data: { given: given.map(({ id, fact, verdict }) => ({ id, fact, verdict })) },
      receipts: proof.uses,
    });
    await evidence.store.storeResult(trx, message.key, message.tool, inputHash, { ok: true, reply });
  });
  return reply;
}

/** A refusal or failure is told, audited and, where trying again can't change it, stored. */
async function concludeFault(
  host: Host,
  tool: Tool,
  inputHash: string,
  message: Message,
  proof: Proof,
  known: Fault,
  owner: string,
  epoch: number,
  tellLineage: (trx: AnyTrx) => Promise<void>,
): Promise<void> {
  const { evidence, log, now } = host.process;
  const again = retryable(known.code, tool.effect) || known.code === "conflict";
  try {
    await evidence.store.db.transaction().execute(async (trx: AnyTrx) => {
      if (!(await evidence.store.holdLease(trx, message.key, owner, epoch))) return;
      await evidence.store.audit(trx, {
        id: newId("aud"),
        at: now().toISOString(),
        what: `${message.tool} ${known.code}`,
        subject: inputHash,
        person: proof.accepted?.person ?? null,
        request: message.request,
        step: message.step,
        data: { code: known.code, message: known.message },
        receipts: proof.uses,
      });
      await tellLineage(trx);
      if (tool.long)
        await evidence.store.emit(trx, `${host.agent.name}.${tool.name}_failed`, {
          key: message.key,
          request: message.request,
          code: known.code,
          ...known.data,
        });
      if (!again || tool.long)
        await evidence.store.storeResult(trx, message.key, message.tool, inputHash, {
          ok: false,
          fault: toWire(known),
        });
    });
    await evidence.store.releaseLease(message.key, owner, epoch);
  } catch (error) {
    log.error({ key: message.key, err: error }, "a failure could not be recorded; the lease will lapse");
  }
}

/** The `about` of a fact from all that is known; `broken_contract` where a key is missing. */
function aboutOf(fact: string, known: Record<string, unknown>, role: string | null): Record<string, unknown> {
  const about: Record<string, unknown> = {};
  for (const key of factType(fact)!.about) {
    const name = key === "@role" ? role : key;
    if (!name || known[name] === undefined)
      throw fault("broken_contract", `${fact} is about ${name ?? key}, which nothing says`);
    about[name] = known[name];
  }
  return about;
}

/** The output itself, or `{artifact}` above so many bytes. */
async function sized({ process }: Host, output: unknown, most = outputBytes): Promise<unknown> {
  const text = canonical(output);
  if (Buffer.byteLength(text) <= most) return output;
  const hash = sha256(text);
  await process.evidence.store.putArtifact(hash, "application/json", Buffer.from(text));
  return { artifact: hash };
}
