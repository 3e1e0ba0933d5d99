/**
 * Tries, as a training process would be able to, to open files beside its own; says over IPC what happened to each.
 * Used by the tests of the confinement only.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { openEngine, quoteLiteral } from "@muster/shared/warehouse/duckdb.ts";

/** What a probe is asked: its own file and a neighbour's. */
export type Probe = { own: string; neighbour: string };

/** "opened", or the code or text of the refusal. */
export type ProbeAnswer = Record<
  "nodeOwn" | "nodeNeighbour" | "nodeList" | "nodeWrite" | "nodeStart" | "duckdbOwn" | "duckdbNeighbour",
  string
>;

const attempt = async (act: () => unknown): Promise<string> => {
  try {
    await act();
    return "opened";
  } catch (error) {
    return String((error as { code?: string }).code);
  }
};

process.once("message", async ({ own, neighbour }: Probe) => {
  const engine = await openEngine({ files: [own], memoryMb: 100, threads: 1 });
  const rows = (file: string) => engine.query(`SELECT count(*) FROM read_parquet(${quoteLiteral(file)})`);
  const answer: ProbeAnswer = {
    nodeOwn: await attempt(() => readFileSync(own)),
    nodeNeighbour: await attempt(() => readFileSync(neighbour)),
    nodeList: await attempt(() => readFileSync("/etc/passwd")),
    nodeWrite: await attempt(() => writeFileSync(`${own}.copy`, "")),
    nodeStart: await attempt(() => execFileSync("true")),
    duckdbOwn: await attempt(() => rows(own)),
    duckdbNeighbour: await attempt(() => rows(neighbour)),
  };
  engine.close();
  process.send!(answer, () => process.disconnect());
});
