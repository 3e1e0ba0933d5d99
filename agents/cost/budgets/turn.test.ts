import { expect, test } from "vitest";
import { turns } from "./turn.ts";

test("one at a time, in the order they came", async () => {
  const { take } = turns(10_000);
  const seen: string[] = [];
  const one = async (name: string) => {
    const end = await take();
    seen.push(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(`${name} ends`);
    end();
  };
  await Promise.all(["a", "b", "c"].map(one));
  expect(seen).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
});

test("a turn that nobody ends is over in the end", async () => {
  const { take } = turns(1);
  await take();
  (await take())();
});
