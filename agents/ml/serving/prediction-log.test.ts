import { appendFile, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logger } from "@muster/shared/log.ts";
import { expect, test } from "vitest";
import { type PredictionBatch, type PredictionRow, predictionLog } from "./prediction-log.ts";
import { readSegments } from "./segments.ts";

const log = logger("prediction-log-test");
const newFolder = () => mkdtemp(join(tmpdir(), "predictions-"));
const batch = (request: string, rows: number): PredictionBatch => ({
  ...{ request, at: "2026-07-01T12:00:00.000Z", model: "churn", version: 2, rows },
  keys: null,
  features: [
    {
      name: "tenure",
      type: "number",
      values: Float64Array.from({ length: rows }, (_, i) => (i === 0 ? Number.NaN : i)),
    },
    { name: "plan", type: "category", values: Array.from({ length: rows }, (_, i) => (i === 0 ? "" : "pro")) },
  ],
  predictions: Array.from({ length: rows }, () => "Yes"),
  probabilities: new Float32Array(rows * 2).fill(0.5),
  classes: ["No", "Yes"],
});
async function landed(folder: string): Promise<PredictionRow[]> {
  const rows: PredictionRow[] = [];
  for await (const segment of readSegments(folder)) rows.push(...segment.rows);
  return rows;
}

test("every prediction appended is a line, typed, with null for missing", async () => {
  const folder = await newFolder();
  const predictions = await predictionLog({ folder, now: () => new Date(0), log });
  predictions.append(batch("a", 1300));
  predictions.append(batch("b", 2));
  await predictions.close();
  const rows = await landed(folder);
  expect(rows).toHaveLength(1302);
  expect(rows[0]).toEqual({
    ...{
      role: "answer",
      request: "a",
      row: 0,
      at: "2026-07-01T12:00:00.000Z",
      model: "churn",
      version: 2,
      key: null,
      prediction: "Yes",
    },
    features: { tenure: null, plan: null },
    probabilities: { No: 0.5, Yes: 0.5 },
  });
  expect(rows.at(-1)).toMatchObject({ request: "b", row: 1, features: { tenure: 1, plan: "pro" } });
  expect(predictions.counts()).toEqual({ logged: 1302, dropped: 0, waiting: 0 });
});

test("what the queue doesn't hold is dropped and counted: nothing is lost without a number", async () => {
  const folder = await newFolder();
  const predictions = await predictionLog({ folder, now: () => new Date(0), log, maxWaitingRows: 10 });
  for (let i = 0; i < 5; i++) predictions.append(batch(`r${i}`, 4));
  expect(predictions.counts()).toEqual({ logged: 0, dropped: 10, waiting: 10 });
  await predictions.close();
  expect(predictions.counts()).toEqual({ logged: 10, dropped: 10, waiting: 0 });
  expect(await landed(folder)).toHaveLength(10);
});

test("segments end by size and by age, and only ended ones are read", async () => {
  const folder = await newFolder();
  let now = 0;
  const predictions = await predictionLog({ folder, now: () => new Date(now), log, maxBytes: 100_000, maxAgeMs: 1000 });
  predictions.append(batch("big", 2000));
  await predictions.flush();
  const bySize = (await readdir(folder)).filter((name) => name.endsWith(".jsonl")).length;
  expect(bySize).toBeGreaterThanOrEqual(2);
  predictions.append(batch("small", 1));
  await predictions.flush();
  await predictions.sweep();
  expect((await landed(folder)).some(({ request }) => request === "small")).toBe(false);
  now = 5000;
  await predictions.sweep();
  expect(await landed(folder)).toHaveLength(2001);
  expect((await readdir(folder)).filter((name) => name.endsWith(".open"))).toEqual([]);
  await predictions.close();
});

test("a segment that a crash left open is landed without its torn line", async () => {
  const folder = await newFolder();
  const crashed = await predictionLog({ folder, now: () => new Date(0), log });
  crashed.append(batch("before", 3));
  await crashed.flush();
  const [open] = await readdir(folder);
  await appendFile(join(folder, open!), '{"request":"torn","row":0');
  const next = await predictionLog({ folder, now: () => new Date(1), log });
  expect((await landed(folder)).map(({ request }) => request)).toEqual(["before", "before", "before"]);
  await next.close();
});

test("while the folder can't be written to, predictions are counted as dropped; after that it goes on", async () => {
  const folder = await newFolder();
  const lines: string[] = [];
  const quiet = logger("quiet", { write: (line) => void lines.push(line) });
  const predictions = await predictionLog({ folder, now: () => new Date(0), log: quiet });
  await rm(folder, { recursive: true });
  predictions.append(batch("lost", 3));
  await predictions.flush();
  expect(predictions.counts()).toEqual({ logged: 0, dropped: 3, waiting: 0 });
  expect(lines.join()).toContain("counted as dropped");
  await mkdir(folder);
  predictions.append(batch("kept", 2));
  await predictions.close();
  expect(predictions.counts()).toEqual({ logged: 2, dropped: 3, waiting: 0 });
  expect(await landed(folder)).toHaveLength(2);
});
