import { fault } from "@muster/shared/fault.ts";

/** How long is waited for a version beside the live one, in milliseconds: far longer than any that answers takes. */
export const patienceFor = (rows: number): number => 2_000 + rows;

/** What work gives, unless that takes longer than so many milliseconds: then `deadline`, though the work goes on. */
export function within<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(fault("deadline", `no answer within ${ms} ms`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
