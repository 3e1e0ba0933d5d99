/** The one place a subject string is built. */
export const subject = {
  /** Where a tool is asked: `muster.ml.train_model`. */
  request: (agent: string, tool: string) => `muster.${agent}.${tool}`,
  /** Where an agent tells what happened: `muster.event.ml.run_finished`. */
  event: (agent: string, pastTense: string) => `muster.event.${agent}.${pastTense}`,
  /** Every event, or every event of one agent. */
  events: (agent = "*") => `muster.event.${agent}.>`,
  /** Where long work hears that its request was cancelled. */
  cancel: "muster.control.cancel",
};

/** Splits `agent.tool`. */
export function parseToolName(name: string): { agent: string; tool: string } | null {
  const match = /^([a-z][a-z0-9_-]*)\.([a-z][a-z0-9_]*)$/.exec(name);
  return match ? { agent: match[1]!, tool: match[2]! } : null;
}

/** Header names of a request. */
export const header = {
  request: "Muster-Request",
  step: "Muster-Step",
  attempt: "Muster-Attempt",
  deadline: "Muster-Deadline",
  key: "Muster-Key",
  receipts: "Muster-Receipts",
  trace: "traceparent",
  /** On a reply: the answer isn't here yet; it will stand under this key. */
  later: "Muster-Later",
} as const;
