import { existsSync } from "node:fs";
import { parityCases, parityDatasets } from "@muster/ml/onnx/engine-parity.ts";
import { fault } from "@muster/shared/fault.ts";
import { type Bench, round } from "../support/measure.ts";

/** Compiled graphs against the engine on every row of whole files. */
export const bench: Bench = {
  name: "parity",
  does: "the compiled ONNX graph against the engine on every row of telco_churn and bike_sharing",
  async run() {
    if (!existsSync(parityDatasets))
      throw fault("not_found", "parity is measured on ../shared/datasets, which isn't beside the checkout");
    const cases = [];
    for (const { name, measure } of parityCases) cases.push({ case: name, ...(await measure()) });
    return {
      figures: {
        worstRelativeDifference: round(Math.max(...cases.map(({ worst }) => worst))),
        labelFlips: cases.reduce((sum, { flips }) => sum + flips, 0),
        rowsCompared: cases.reduce((sum, { rows }) => sum + rows, 0),
      },
      cases,
    };
  },
};
