import { join } from "node:path";
import { checkout } from "@muster/infra/processes.ts";
import { measuring } from "../measuring.ts";

export const evaluate = measuring({
  name: "eval",
  does: "measures how right the swarm is, against known answers: without a name, lists what can be measured",
  folder: join(checkout, "tests", "eval"),
  exported: "evaluation",
  several: "evaluations",
});
