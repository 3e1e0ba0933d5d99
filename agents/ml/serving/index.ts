import { main } from "@muster/bus/run.ts";
import { openDataPlane } from "./data-plane.ts";

/**
 * The serving process: the data plane of deployed models. Reads the deployments and the artifacts they name; takes raw
 * rows over HTTP and answers with predictions. It calls no tool and gives no receipt.
 */
if (import.meta.main) await main(async (process) => (await openDataPlane(process)).close);
