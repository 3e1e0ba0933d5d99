import type { Process } from "./process.ts";
import { subject } from "./subject.ts";

/** Cancels the long work of a request: marked in PostgreSQL for what hasn't begun, told on the bus to what runs. */
export async function cancelRequest(
  { nats, evidence }: Pick<Process, "nats" | "evidence">,
  request: string,
): Promise<void> {
  await evidence.store.cancelJobs(request);
  nats.publish(subject.cancel, JSON.stringify({ request }));
}
