import { expect, test } from "vitest";
import { together } from "./together.ts";

test("a question goes out at once; those that come while it is out go out as one, after it", async () => {
  const asked: { ids: string[]; answer: PromiseWithResolvers<string> }[] = [];
  const ask = together((ids) => {
    const answer = Promise.withResolvers<string>();
    asked.push({ ids, answer });
    return answer.promise;
  });
  const first = ask(["a"]);
  const second = ask(["b"]);
  const third = ask(["c", "b"]);
  expect(asked.map(({ ids }) => ids)).toEqual([["a"]]);
  asked[0]!.answer.resolve("one");
  expect(await first).toBe("one");
  await Promise.resolve();
  expect(asked.map(({ ids }) => ids)).toEqual([["a"], ["b", "c"]]);
  asked[1]!.answer.resolve("two");
  expect(await Promise.all([second, third])).toEqual(["two", "two"]);
});

test("an error reaches those who asked together, and the next question goes out", async () => {
  let fails = true;
  const ask = together(async (ids) => {
    if (fails) throw new Error("away");
    return ids;
  });
  const [first, second] = [ask(["a"]), ask(["b"])];
  await expect(first).rejects.toThrow("away");
  await expect(second).rejects.toThrow("away");
  fails = false;
  expect(await ask(["c"])).toEqual(["c"]);
});
