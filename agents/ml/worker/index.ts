/**
 * The worker of the ml agent: trains and scores whole datasets, one job at a time, in a process that may be killed
 * without an agent going silent. Training itself is done by a child of it (child.ts).
 */
import { runWorker } from "@muster/bus/run.ts";
import { ml } from "../index.ts";

if (import.meta.main) await runWorker(ml);
