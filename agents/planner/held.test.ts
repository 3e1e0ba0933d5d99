import type { Receipt } from "@muster/shared/domain/receipt.ts";
import { expect, test } from "vitest";
import { wasKept } from "./held.ts";

const receipt = (
  fact: string,
  about: Record<string, unknown>,
  request = "req_before",
  verdict: "passed" | "failed" = "passed",
) => ({ fact, about, request, verdict }) as unknown as Receipt;
const challenger = (view: string) => [
  receipt("improvement.proposed", { challenger: view, round: 1 }),
  receipt("view.defined", { view }),
  receipt("run.finished", { view, model: `m_${view}` }),
];
const base = [receipt("view.defined", { view: "v0" }), receipt("training.cleared", {})];
const standing = (all: Receipt[], request = "req_now") =>
  all.filter(wasKept(all, request)).map(({ fact, about }) => `${fact} ${about.view ?? ""}`.trim());

test("what another request tried and didn't confirm is nothing to stand on", () => {
  const dropped = receipt("improvement.confirmed", { view: "v1" }, "req_before", "failed");
  for (const tried of [challenger("v1"), [...challenger("v1"), dropped]])
    expect(standing([...base, ...tried])).not.toContain("view.defined v1");
  expect(standing([...base, ...challenger("v1")])).toContain("view.defined v0");
  expect(standing([...base, ...challenger("v1")])).not.toContain("run.finished v1");
});

test("a confirmed one stands like any other, and a request's own always does", () => {
  const confirmed = receipt("improvement.confirmed", { view: "v1" });
  expect(standing([...challenger("v1"), confirmed, ...challenger("v2")])).toContain("run.finished v1");
  expect(standing([...challenger("v1"), confirmed, ...challenger("v2")])).not.toContain("run.finished v2");
  expect(standing(challenger("v1"), "req_before")).toContain("run.finished v1");
});
