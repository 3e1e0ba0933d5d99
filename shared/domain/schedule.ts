import { z } from "zod";
import { sha256 } from "../canonical.ts";
import type { Goal } from "./request.ts";

/**
 * A schedule: what is asked for, when, and for whom. What: words (`text` alone), goals with their arguments, or one tool
 * to call. When: a cron line in a time zone, the success of the schedules named in `after` (ids), or both.
 */
export type Schedule = {
  id: string;
  /** Its slug, by which others name it. */
  name: string;
  /** The deployment whose drift it checks; null for every other schedule. */
  deployment: string | null;
  person: string;
  purpose: string;
  budgetUsd: number | null;
  cron: string | null;
  timeZone: string;
  text: string;
  goals: Goal[];
  arguments: Record<string, unknown>;
  call: { tool: string; input: Record<string, unknown> } | null;
  after: string[];
  /** How often it is asked again where it ended `unavailable` or `deadline`. */
  retries: number;
  withinMinutes: number | null;
  paused: boolean;
  at: string;
};

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
