import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { readOutOfFold } from "./kept-answers.ts";

const kept = {
  ...{ classes: ["no", "yes"], metric: "roc_auc", scores: { roc_auc: [null, 0.8] } },
  ...{ row: [0, 1, 2], fold: [-1, 0, 1], label: [0, 1, 0] },
};
const read = (prediction: unknown) =>
  readOutOfFold("any", async () => gzipSync(JSON.stringify({ ...kept, prediction })));

test("a row that was never held out, as of folds in time, has no answer and is read all the same", async () => {
  const { prediction, scores } = await read([
    [Number.NaN, 0.4, 0.9],
    [Number.NaN, 0.6, 0.1],
  ]);
  expect(prediction).toEqual([
    [Number.NaN, 0.4, 0.9],
    [Number.NaN, 0.6, 0.1],
  ]);
  expect(scores.roc_auc).toEqual([null, 0.8]);
});

test("what isn't written so is refused", async () => {
  await expect(read([["0.4", 0.6, 0.1]])).rejects.toMatchObject({ code: "internal" });
});
