import type { Problem } from "@muster/shared/domain/problem.ts";
import { describe, expect, test } from "vitest";
import { backfillCutoffs } from "./backfill.ts";

const month = { count: 1, unit: "month" as const };
const problem = (now: string | null = "2026-06-30", kind: "ended" | "column" = "ended") =>
  ({ now, label: { kind } }) as unknown as Problem;
const refused = (code: string) => expect.objectContaining({ code });

describe("the cutoffs of a backfill", () => {
  test("step from the first day to the last, both ends included", () => {
    expect(backfillCutoffs(problem(), { from: "2026-01-01", to: "2026-04-01", every: month })).toEqual([
      "2026-01-01",
      "2026-02-01",
      "2026-03-01",
      "2026-04-01",
    ]);
  });

  test("keep the end of the month after a short one", () => {
    expect(backfillCutoffs(problem(), { from: "2026-01-31", to: "2026-03-31", every: month })).toEqual([
      "2026-01-31",
      "2026-02-28",
      "2026-03-31",
    ]);
  });

  test("refuse what isn't known yet, an empty span, a span without end, and rows without common cutoffs", () => {
    const span = (from: string, to: string, every: Parameters<typeof backfillCutoffs>[1]["every"] = month) => ({
      from,
      to,
      every,
    });
    expect(() => backfillCutoffs(problem(), span("2026-05-01", "2026-07-01"))).toThrow(refused("invalid_input"));
    expect(() => backfillCutoffs(problem(), span("2026-05-02", "2026-05-01"))).toThrow(refused("invalid_input"));
    expect(() => backfillCutoffs(problem(), span("2020-01-01", "2026-01-01", { count: 1, unit: "day" }))).toThrow(
      refused("invalid_input"),
    );
    expect(() => backfillCutoffs(problem("2026-06-30", "column"), span("2026-01-01", "2026-02-01"))).toThrow(
      refused("unfit"),
    );
  });
});
