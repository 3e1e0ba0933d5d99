import { seededRandom } from "@muster/shared/random.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { flatModel, lookedUpModel, startServing, type TestServing } from "./testing.ts";

let serving: TestServing;
beforeAll(async () => {
  serving = await startServing([flatModel(1), lookedUpModel()]);
});
afterAll(() => serving.close());

const random = seededRandom(20260701);
const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;

const good = {
  id: "x",
  inputs: [
    { name: "tenure", shape: [2], datatype: "FP64", data: [1, null] },
    { name: "plan", shape: [2, 1], datatype: "BYTES", data: ["pro", "b"] },
    { name: "member", shape: [2], datatype: "BOOL", data: [true, false] },
    { name: "joined", shape: [2], datatype: "BYTES", data: ["2025-01-31", null] },
  ],
};
const frame = {
  dataframe_split: { columns: ["tenure", "plan", "member", "joined"], data: [[1, "pro", true, "2025-01-31"]] },
};
const joker = '{"__proto__":{"tenure":1},"constructor":{"prototype":5}}';
const odd: unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 1e308, 2 ** 53, "", "NaN", "\u0000", "\ud800", "__proto__", "a".repeat(5000)],
  ...[[], {}, [[]], [null], [[[1]]], { toString: 1 }, { length: 2 }, ["FP64"], { name: "tenure" }, JSON.parse(joker)],
];

/** The value with one of its parts, at a random depth, replaced by something odd, removed or doubled. */
function mutate(value: unknown): unknown {
  if (typeof value !== "object" || value === null || random() < 0.15) return pick(odd);
  if (Array.isArray(value)) {
    if (value.length === 0 || random() < 0.15) return [...value, pick(odd)];
    const at = Math.floor(random() * value.length);
    const mode = random();
    if (mode < 0.1) return value.filter((_, i) => i !== at);
    if (mode < 0.2) return [...value, value[at]];
    return value.map((item, i) => (i === at ? mutate(item) : item));
  }
  const entries = Object.entries(value);
  if (entries.length === 0 || random() < 0.1)
    return { ...value, [pick(["", "__proto__", "toString", "tenure", "params", "a\u0000b"])]: pick(odd) };
  const [key] = pick(entries);
  if (random() < 0.1) return Object.fromEntries(entries.filter(([name]) => name !== key));
  return Object.fromEntries(entries.map(([name, part]) => [name, name === key ? mutate(part) : part]));
}

/** The text with a stretch cut out, a byte replaced or cut off at the end. */
function damage(text: string): string {
  const at = Math.floor(random() * text.length);
  const mode = random();
  if (mode < 0.3) return text.slice(0, at);
  if (mode < 0.6)
    return (
      text.slice(0, at) + pick(["\u0000", '"', "{", "]", ",", "NaN", "\\", "é", "\n", "1e999"]) + text.slice(at + 1)
    );
  return text.slice(0, at) + text.slice(at + Math.floor(random() * 20));
}

const json = { "content-type": "application/json" };
const targets = [
  "/v2/models/churn/infer",
  "/v2/models/load/versions/3/infer",
  "/v2/models/%00/infer",
  "/invocations?model=churn",
  "/invocations",
];

test("bodies of any kind get an answer or a clear refusal, never a server error", async () => {
  const statuses = new Map<number, number>();
  const csvText = 'tenure,plan,member,joined\n1,"pro ""x""",true,2025-01-31\n?,b,0,\n';
  for (let i = 0; i < 900; i++) {
    const path = pick(targets);
    const kind = i % 3;
    let changed: unknown = path.startsWith("/v2") ? good : frame;
    for (let k = 0; k < i % 4; k++) changed = mutate(changed);
    const text = kind === 0 ? JSON.stringify(changed) : damage(kind === 1 ? JSON.stringify(changed) : csvText);
    const headers = kind === 2 ? { "content-type": pick(["text/csv", "application/json", "text/csv;x"]) } : json;
    const answer = await serving.post(path, text ?? "", headers);
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    if (answer.status >= 500) throw new Error(`status ${answer.status} for ${path}: ${text?.slice(0, 300)}`);
    if (answer.status !== 200) expect(typeof answer.body.error).toBe("string");
  }
  // Both kinds must have happened, or the fuzz tests nothing.
  expect(statuses.get(200)).toBeGreaterThan(20);
  expect(statuses.get(400)).toBeGreaterThan(300);
  expect((await serving.post(targets[0]!, good)).status).toBe(200);
});

test("raw bytes, unreadable paths, compressed and missing bodies are refused", async () => {
  const send = (path: string, init: RequestInit) => fetch(serving.url + path, init).then((answer) => answer.status);
  const latin = new Uint8Array([123, 34, 255, 34, 125]);
  const unread = await fetch(`${serving.url}/invocations?model=churn`, { method: "POST", body: latin, headers: json });
  expect([unread.status, await unread.json()]).toEqual([400, { error: "the body isn't UTF-8" }]);
  expect(await send("/invocations?model=churn", { method: "POST", headers: json })).toBe(400);
  expect(await send("/v2/models/%ff/infer", { method: "POST", body: "{}", headers: json })).toBe(400);
  const zipped = { ...json, "content-encoding": "gzip" };
  expect(await send("/invocations", { method: "POST", body: latin, headers: zipped })).toBe(400);
  expect(await send("/invocations", { method: "DELETE" })).toBe(404);
});

test("a body above the limit is refused before it is read", async () => {
  const answer = await serving.post(targets[0]!, " ".repeat(64 * 1024 * 1024 + 1));
  expect([answer.status, answer.body.error]).toEqual([413, expect.stringMatching(/fewer rows/)]);
});
