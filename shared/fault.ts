/** The closed table of error codes with their HTTP status; the same on the bus, over HTTP, in MCP and on the command line. */
export const faultCodes = {
  invalid_input: 400,
  over_budget: 402,
  denied: 403,
  not_found: 404,
  conflict: 409,
  precondition_failed: 412,
  unfit: 422,
  cancelled: 499,
  internal: 500,
  broken_contract: 502,
  unavailable: 503,
  deadline: 504,
} as const;

export type FaultCode = keyof typeof faultCodes;

/** The one error type. `message` says what was wrong and what to do; `data` is small, typed and free of cell values. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: FaultCode;
  readonly data: Record<string, unknown>;
  constructor(code: FaultCode, message: string, data: Record<string, unknown> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.data = data;
  }
}

/** Gives a Fault to throw: `throw fault("not_found", "no dataset orders; load it with muster load")`. */
export const fault = (code: FaultCode, message: string, data?: Record<string, unknown>, cause?: unknown): Fault =>
  new Fault(code, message, data, cause);

/** The fault itself, or `internal` for anything unknown; the cause stays in the process (log), never on the wire. */
export function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault("internal", "something went wrong inside; the log of the process has the cause", {}, error);
}

/** Whether a caller may try again: `unavailable` always, `deadline` only where the tool reads. */
export const retryable = (code: FaultCode, effect: "read" | "write" | "irreversible"): boolean =>
  code === "unavailable" || (code === "deadline" && effect === "read");
