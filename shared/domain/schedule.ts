import { z } from "zod";
import { sha256 } from "../canonical.ts";
import { StepTaken } from "./step-taken.ts";

/** The id of the request that a schedule makes at a moment it was due (ISO 8601): the same moment asks nothing twice. */
export const requestOfSchedule = (schedule: string, due: string): string =>
  `req_${sha256(`${schedule} ${due}`).slice(0, 20)}`;

/** What the planner says when a request has come to its end. `by`: who asked, a person or a schedule; `code`: why it failed; `steps`: its plan. */
export const RequestEnded = z.object({
  request: z.string(),
  status: z.string(),
  by: z.string(),
  code: z.string().nullable(),
  startedAt: z.string(),
  steps: z.array(StepTaken).default([]),
});
export type RequestEnded = z.infer<typeof RequestEnded>;
