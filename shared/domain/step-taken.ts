import { z } from "zod";
import { DatasetPin, DatasetRef } from "./dataset.ts";
import type { StepView } from "./request.ts";

/**
 * A step of a plan for who learns what steps take: its tool, the hint of its cost, how long it took (null: it wasn't begun),
 * the dataset versions that it was passed or gave, and the fact whose members each get such a step (not known yet).
 */
export const StepTaken = z.object({
  id: z.string(),
  tool: z.string(),
  status: z.string(),
  hintMs: z.number().nullable(),
  elapsedMs: z.number().nullable(),
  each: z.string().nullable(),
  /** What it was asked about, as it was passed. */
  dataset: DatasetRef.nullable(),
  target: z.string().nullable(),
  pins: z.array(DatasetPin),
});
export type StepTaken = z.infer<typeof StepTaken>;

/** A plan's steps as those who learn from them are told. */
export const stepsTaken = (plan: readonly StepView[]): StepTaken[] =>
  plan.map(({ id, tool, status, costMs, elapsedMs, each, input, output }) => ({
    ...{ id, tool, status, hintMs: costMs ?? null, elapsedMs, each: each ?? null },
    dataset: refOf(input.dataset),
    target: typeof input.target === "string" ? input.target : null,
    pins: [...new Set([input, output].flatMap(pinsOf))].slice(0, 20),
  }));

const refOf = (value: unknown): string | null => DatasetRef.safeParse(value).data ?? null;

/** The pins that stand in an object's own fields. */
const pinsOf = (value: unknown): string[] =>
  value && typeof value === "object"
    ? Object.values(value).filter((one): one is string => DatasetPin.safeParse(one).success)
    : [];
