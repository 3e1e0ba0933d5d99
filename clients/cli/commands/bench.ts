import { join } from "node:path";
import { checkout } from "@muster/infra/processes.ts";
import { measuring } from "../measuring.ts";

export const bench = measuring({
  name: "bench",
  does: "measures this machine's swarm: without a name, lists what can be measured",
  folder: join(checkout, "tests", "bench"),
  exported: "bench",
  several: "benches",
});
