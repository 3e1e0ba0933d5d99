import { expect, it } from "vitest";
import { watchHealth } from "./health.ts";

/** Runs the watch over a list of rounds: who answers in each. Gives who was reported in which round. */
async function watched(rounds: string[][], expected: string[]): Promise<string[]> {
  const reported: string[] = [];
  let next = () => {};
  let round = 0;
  const stop = watchHealth({
    ping: async () => rounds[round]!,
    expected: () => expected,
    onSilent: (name) => reported.push(`${name} in ${round}`),
    timers: {
      now: () => 0,
      after: (_, then) => {
        next = then;
        return () => {};
      },
    },
  });
  for (; round < rounds.length; round++) {
    next();
    await new Promise(setImmediate);
  }
  stop();
  return reported;
}

it("reports who stays silent three times in a row while others answer", async () => {
  const rounds = [["a", "b"], ["a"], ["a"], ["a"], ["a", "b"]];
  expect(await watched(rounds, ["a", "b"])).toEqual(["b in 3"]);
});

it("forgives a missed ping", async () => {
  const rounds = [["a"], ["a"], ["a", "b"], ["a"], ["a"]];
  expect(await watched(rounds, ["a", "b"])).toEqual([]);
});

it("blames nobody when nobody answers: then it's the bus", async () => {
  expect(await watched([[], [], [], [], []], ["a", "b"])).toEqual([]);
});
