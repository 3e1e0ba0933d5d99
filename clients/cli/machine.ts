import { availableParallelism, cpus, loadavg, totalmem } from "node:os";

/** The machine of a measurement; `load` are the averages over the last 1, 5 and 15 minutes. */
export const machine = () => ({
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  cores: availableParallelism(),
  memoryGb: Math.round(totalmem() / 1024 ** 3),
  node: process.version,
  load: loadavg().map((one) => Math.round(one * 100) / 100),
});
