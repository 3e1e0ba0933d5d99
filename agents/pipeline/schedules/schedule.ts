import type { Goal } from "@muster/shared/domain/request.ts";

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

/** One time that a schedule was due, and what its request came to. `attempt` 1 is the first; retries count on. */
export type ScheduleRun = {
  schedule: string;
  due: string;
  request: string;
  attempt: number;
  status: string;
  code: string | null;
  ended: string | null;
};
