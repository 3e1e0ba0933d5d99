import { relative } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const exclude = ["**/node_modules/**", ".muster/**"];
/** Tests that start servers or processes; what is left is computed in one process. */
const servers = [
  "tests/**/*.test.ts",
  "infra/**/*.test.ts",
  "agents/ml/training/{datasets,spawn,train-within}.test.ts",
];

/** What takes longest begins first, or one long story would be left alone at the end; vitest can't know it before a first run. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const folders = ["tests/swarm/", "tests/faults/", "tests/agents/ml", "tests/security/", "infra/", "tests/"];
    const rank = ({ moduleId }: TestSpecification) => {
      const place = folders.findIndex((folder) => relative(import.meta.dirname, moduleId).startsWith(folder));
      return place < 0 ? folders.length : place;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    environment: "node",
    exclude,
    pool: "forks",
    // One more than two cores: a story waits for its swarm at times, and another one uses the core meanwhile.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // A guard against hanging, not a measure: shared machines are slow at times.
    testTimeout: 240_000,
    hookTimeout: 180_000,
    projects: [
      { extends: true, test: { name: "servers", include: servers } },
      // Most of a pure test's time would be a process of its own and loading the same modules again.
      {
        extends: true,
        test: { name: "unit", include: ["**/*.test.ts"], exclude: [...exclude, ...servers], isolate: false },
      },
    ],
  },
});
