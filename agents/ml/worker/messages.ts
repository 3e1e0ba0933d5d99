import type { FaultCode } from "@muster/shared/fault.ts";
import type { OutOfFold, TrainProgress, TrainResult } from "../training/job.ts";

/**
 * What a training process says over IPC: progress, then out-of-fold answers a part of the rows at a time (a whole message
 * stands in memory several times), then the result without them; or one fault.
 */
export type ChildMessage =
  | { kind: "progress"; progress: TrainProgress }
  | { kind: "out_of_fold"; part: OutOfFold }
  | { kind: "result"; result: Omit<TrainResult, "oof"> }
  | { kind: "fault"; code: FaultCode; message: string; data: Record<string, unknown> };
