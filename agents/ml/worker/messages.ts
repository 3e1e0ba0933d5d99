import type { FaultCode } from "@muster/shared/fault.ts";
import type { TrainProgress, TrainResult } from "../training/job.ts";

/** What a training process says over IPC: progress, then one result or one fault. */
export type ChildMessage =
  | { kind: "progress"; progress: TrainProgress }
  | { kind: "result"; result: TrainResult }
  | { kind: "fault"; code: FaultCode; message: string; data: Record<string, unknown> };
