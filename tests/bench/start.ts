import { type Bench, median, round } from "../support/measure.ts";
import { withSwarm } from "../support/throwaway-swarm.ts";

const times = 5;

/** A cold start after the installation: fresh data folders, servers, database, every process, until all of them answer. */
export const bench: Bench = {
  name: "start",
  does: "a whole swarm from nothing until every process answers, on a fresh home",
  async run() {
    const cases = [];
    for (let i = 0; i < times; i++) {
      const from = performance.now();
      const processes = await withSwarm(async (swarm) => {
        const seconds = (performance.now() - from) / 1000;
        return { seconds: round(seconds), processes: swarm.processes().length };
      });
      cases.push(processes);
    }
    return { figures: { secondsUntilAllAnswer: round(median(cases.map(({ seconds }) => seconds))) }, cases };
  },
};
