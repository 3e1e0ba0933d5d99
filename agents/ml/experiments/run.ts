import type { Task } from "@muster/shared/domain/problem.ts";

/** Where a run stands. */
export type RunStatus = "running" | "finished" | "failed" | "cancelled";

/** A run as it is listed: of our own training, or begun outside (then without a problem). `seq` is its place in the order. */
export type ListedRun = {
  id: string;
  name: string;
  origin: "trained" | "outside";
  experiment: string | null;
  status: RunStatus;
  problem: string | null;
  dataset: string | null;
  target: string | null;
  task: Task | null;
  algorithm: string | null;
  model: string | null;
  error: { code: string; message: string } | null;
  request: string | null;
  person: string | null;
  key: string;
  startedAt: string;
  finishedAt: string | null;
  cpuSeconds: number | null;
  seconds: number | null;
  peakMemoryMb: number | null;
  seq: number;
};

/** A value of a metric at a step and a moment (ISO 8601). */
export type LoggedMetric = { key: string; step: number; at: string; value: number };

/** A file of a run: its path within the run, and the SHA-256 that its bytes are kept under. */
export type Artifact = { path: string; hash: string };

/** A name that points at one version of a model. */
export type Alias = { alias: string; version: number; at: string };

/** A registered version: whose bytes, of which run, its hold-out figures. */
export type RegisteredVersion = {
  name: string;
  version: number;
  hash: string;
  metrics: Record<string, number>;
  run: string;
  exploratory: boolean;
  at: string;
};
