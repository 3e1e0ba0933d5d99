import { sha256 } from "@muster/shared/canonical.ts";
import {
  type LineageInput,
  type LineageNode,
  type LineageOutput,
  type LineagePart,
  LineageRecord,
} from "@muster/shared/domain/lineage.ts";
import type { Fault } from "@muster/shared/fault.ts";
import type { Message } from "./message.ts";

/** What a tool has said of its lineage so far. */
export type SaidLineage = { inputs: Map<string, LineageInput>; outputs: Map<string, LineageOutput> };

const keyOf = ({ kind, namespace, name, version }: LineageNode) => JSON.stringify([kind, namespace, name, version]);

/** Adds a part to what was said: a thing that is named again is the same thing with what is newly said of it. */
export function addLineage(said: SaidLineage | null, { inputs = [], outputs = [] }: LineagePart): SaidLineage {
  const all = said ?? { inputs: new Map(), outputs: new Map() };
  for (const one of inputs) all.inputs.set(keyOf(one), { ...all.inputs.get(keyOf(one)), ...one });
  for (const one of outputs) all.outputs.set(keyOf(one), { ...all.outputs.get(keyOf(one)), ...one });
  return all;
}

/** A run's id, derived: the same attempt of the same call is the same run, another attempt is another. */
export function runIdOf(key: string, epoch: number): string {
  const hex = sha256(`${key}/${epoch}`);
  const variant = ((Number.parseInt(hex[16]!, 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The record of a call that ended: well, or with a fault. */
export function lineageRecord(
  said: SaidLineage,
  { message, epoch, began, ended, fault }: { message: Message; epoch: number; began: Date; ended: Date; fault?: Fault },
): LineageRecord {
  return LineageRecord.parse({
    run: runIdOf(message.key, epoch),
    origin: "ours",
    job: { namespace: "", name: message.tool },
    state: fault ? (fault.code === "cancelled" ? "aborted" : "failed") : "completed",
    startedAt: began.toISOString(),
    endedAt: ended.toISOString(),
    request: message.request,
    error: fault ? { code: fault.code, message: fault.message } : null,
    inputs: [...said.inputs.values()],
    outputs: [...said.outputs.values()],
  } satisfies LineageRecord);
}
