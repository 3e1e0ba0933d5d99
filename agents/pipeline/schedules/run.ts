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
