import { cancelRequest } from "@muster/bus/cancel.ts";
import { canonical, hashOf } from "@muster/shared/canonical.ts";
import type { RunResult } from "@muster/shared/domain/model.ts";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { accept, askFrom, sign } from "../support/signing.ts";
import { copyOf, type MlBench, output, type Shown, startMl, visitors } from "./trainable.ts";

let at: MlBench;
beforeAll(async () => {
  at = await startMl();
});
afterAll(async () => {
  await at?.stop();
});

describe("what a training must not do", () => {
  let pin: string;
  let shown: Shown;
  beforeAll(async () => {
    pin = await at.load("callers", visitors(3));
    shown = await at.prepared(pin, { target: "gone" });
  }, 60_000);
  const refused = async (receipts: Shown, why: object) => {
    const before = (await at.runs()).length;
    await expect(at.step("train_model", receipts)).rejects.toMatchObject(why);
    expect((await at.runs()).length).toBe(before);
  };

  test("run without receipts, naming every fact that is missing", async () => {
    await refused(await at.request(), {
      code: "precondition_failed",
      data: {
        missing: [
          ...["problem.defined", "scope.pinned", "view.registered", "features.materialized", "training_set.passed"],
          ...["candidates.chosen", "budget.reserved", "training.cleared"],
        ],
      },
    });
  });

  test("take a clearance of another person, another request, or one that is forged or revoked", async () => {
    const { problem } = { problem: await at.value<"problem.defined">(shown["problem.defined"]!) };
    const value = await at.value<"training.cleared">(shown.cleared!);
    const about = { problem: problem.hash, scope: [pin], person: "eve", purpose: "analytics" };
    const own = { request: shown.$request!, person: "eve" };
    const missing = { code: "precondition_failed", data: { missing: ["training.cleared"] } };
    const eves = await sign(at.by.governance!, "training.cleared", about, value, own);
    await refused(copyOf(shown, { cleared: eves }), missing);
    const elsewhere = await sign(at.by.governance!, "training.cleared", { ...about, person: "ada" }, value, {
      request: "req_other",
      person: "ada",
    });
    await refused(copyOf(shown, { cleared: elsewhere }), missing);
    await expect(sign(at.by.ml!, "training.cleared", { ...about, person: "ada" }, value)).rejects.toThrow(
      /may not give/,
    );
    const governance = at.by.governance!.evidence;
    const signed = await governance.sign({
      ...{ id: "rcp_forged", fact: "training.cleared", about, value, verdict: "passed", uses: [] },
      ...own,
    });
    // A true signature over eve's clearance, under a text that names ada.
    const forged = JSON.parse(signed.document.replaceAll('"eve"', '"ada"')) as typeof signed.receipt;
    forged.subject = hashOf(forged.about);
    const text = canonical(forged);
    await governance.store.give(governance.store.db, { ...forged, signature: signed.receipt.signature }, text);
    await refused(copyOf(shown, { cleared: "rcp_forged" }), missing);
    const mine = await sign(at.by.governance!, "training.cleared", { ...about, person: "ada" }, value, {
      ...own,
      person: "ada",
    });
    await at.by.governance!.evidence.store.revoke(at.by.governance!.evidence.store.db, mine, "a test");
    await refused(copyOf(shown, { cleared: mine }), missing);
  });

  test("go on under an acceptance that has expired", async () => {
    const yesterday = new Date(Date.now() - 26 * 3_600_000);
    const door = await at.bench.process("gateway", { now: () => yesterday });
    const accepted = await accept(door, shown.$request!);
    await refused(copyOf(shown, { accepted }), {
      code: "precondition_failed",
      data: { why: expect.arrayContaining([{ fact: "request.accepted", why: "expired" }]) },
    });
  });

  test("train on columns that a true clearance doesn't clear", async () => {
    const other = copyOf(shown);
    const value = await at.value<"training.cleared">(shown.cleared!);
    const problem = await at.value<"problem.defined">(shown["problem.defined"]!);
    const columns = {
      ...value.columns,
      "callers.tenure": { ...value.columns["callers.tenure"]!, role: "none" as const },
    };
    other.cleared = await sign(
      at.by.governance!,
      "training.cleared",
      { problem: problem.hash, scope: [pin], person: "ada", purpose: "analytics" },
      { ...value, columns },
      { request: shown.$request!, person: "ada" },
    );
    const { training } = { training: (await at.value<"features.materialized">(shown.training!)).dataset };
    await at.reserve(other, { problem, training });
    await refused(other, { code: "denied", data: { column: "callers.tenure" } });
  });

  test("use another matrix's checks or budget", async () => {
    const problem = await at.value<"problem.defined">(shown["problem.defined"]!);
    const other = copyOf(shown);
    await at.reserve(other, { problem, training: `gone_training@${"1".repeat(64)}` });
    await refused(other, { code: "precondition_failed", data: { missing: ["budget.reserved"] } });
  });

  test("go on when it is out of budget or memory: it says what it used, and no model exists", async () => {
    const problem = await at.value<"problem.defined">(shown["problem.defined"]!);
    const training = (await at.value<"features.materialized">(shown.training!)).dataset;
    for (const [limits, code] of [
      [{ limitCpuSeconds: 0.001 }, "over_budget"],
      [{ limitMemoryMb: 40 }, "unfit"],
    ] as const) {
      const tight = copyOf(shown);
      const reservation = await at.reserve(tight, { problem, training }, limits);
      const error = await at.step("train_model", tight).catch((e: unknown) => e);
      expect(error).toMatchObject({ code, data: { reservation, run: expect.stringMatching(/^run_/) } });
      const { run } = (error as { data: { run: string } }).data;
      expect((await at.runs()).find((one) => one.run === run)).toMatchObject({ status: "failed", error: { code } });
      const { rows } = await at.by.ml!.pool.query(
        "select payload from evidence.outbox where event = 'ml.train_model_failed' and payload->>'run' = $1",
        [run],
      );
      expect(rows).toHaveLength(1);
      expect(rows[0].payload).toMatchObject({ reservation, code });
      expect(Object.keys(tight)).not.toContain("run.finished");
    }
  }, 60_000);

  test("train twice when it is delivered twice, or use a reservation again", async () => {
    const before = (await at.runs()).length;
    const replies = await Promise.all([1, 2, 3].map(() => at.step("train_model", copyOf(shown), {}, "one-training")));
    expect(new Set(replies.map((reply) => output<RunResult>(reply).run)).size).toBe(1);
    expect((await at.runs()).length).toBe(before + 1);
    await refused(shown, { code: "precondition_failed", data: { missing: ["budget.reserved"] } });
  }, 60_000);

  test("go on when its request is cancelled: the child ends, the run is marked, what it used is told", async () => {
    const problem = await at.value<"problem.defined">(shown["problem.defined"]!);
    const training = (await at.value<"features.materialized">(shown.training!)).dataset;
    const again = copyOf(shown);
    const reservation = await at.reserve(again, { problem, training });
    const begun = at.step("train_model", again).catch((e: unknown) => e);
    await vi.waitFor(async () => expect((await at.runs())[0]!.status).toBe("running"), {
      timeout: 15_000,
      interval: 20,
    });
    await cancelRequest(at.by.gateway!, shown.$request!);
    expect(await begun).toMatchObject({ code: "cancelled", data: { reservation, cpuSeconds: expect.any(Number) } });
    expect((await at.runs())[0]).toMatchObject({ status: "cancelled", error: { code: "cancelled" } });
  }, 60_000);

  test("use data that changed since they were checked", async () => {
    const problem = await at.value<"problem.defined">(shown["problem.defined"]!);
    const training = (await at.value<"features.materialized">(shown.training!)).dataset;
    const late = copyOf(shown);
    await at.reserve(late, { problem, training });
    await at.load("callers", visitors(4));
    await refused(late, { code: "conflict", data: { dataset: "callers" } });
  });
});

describe("bad input", () => {
  const call = (tool: string, input: Record<string, unknown>, receipts: string[] = [], request: string | null = null) =>
    askFrom(at.door, { tool: `ml.${tool}`, input, receipts, request });

  test("each tool refuses it with its code and says what to do", async () => {
    const shown = await at.request();
    const accepted = [shown.accepted!];
    const define = (input: Record<string, unknown>) => call("define_problem", input, accepted, shown.$request!);
    await at.load("plain", visitors(5));
    await at.load("same", "a,b\n1,x\n2,x\n3,x\n");
    for (const [input, code, words] of [
      [{ dataset: "weather_on_mars", target: "rain" }, "not_found", "weather_on_mars"],
      [{ dataset: "plain", target: "gonne" }, "not_found", "gone"],
      [{ dataset: "plain" }, "invalid_input", "a target column or an event"],
      [{ dataset: "plain", target: "gone", metric: "rmse" }, "invalid_input", "rmse can't judge"],
      [{ dataset: "same", target: "b" }, "unfit", "one class only"],
      [{ dataset: "plain", target: 5 }, "invalid_input", "target"],
    ] as const)
      await expect(define(input)).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
    await expect(call("define_problem", { dataset: "plain", target: "gone" })).rejects.toMatchObject({
      code: "precondition_failed",
      data: { missing: ["request.accepted"] },
    });
    for (const tool of ["suggest_features", "create_feature_pipeline", "select_model", "explain_model"])
      await expect(call(tool, {})).rejects.toMatchObject({ code: "precondition_failed" });
    for (const tool of ["evaluate_model", "register_model"])
      await expect(call(tool, {}, accepted, shown.$request!)).rejects.toMatchObject({ code: "precondition_failed" });
    await expect(call("register_model", { name: "Not A Name" })).rejects.toMatchObject({ code: "invalid_input" });
    await expect(call("get_model_versions", { name: "nobody" })).rejects.toMatchObject({ code: "not_found" });
    await expect(call("get_ml_status", { surplus: 1 })).rejects.toMatchObject({ code: "invalid_input" });
    await expect(call("train_model", { name: "" })).rejects.toMatchObject({ code: "invalid_input" });
    const experiment = () => call("create_experiment", { name: "winter" }, accepted, shown.$request!);
    expect(output<{ name: string }>(await experiment()).name).toBe("winter");
    await expect(experiment()).rejects.toMatchObject({ code: "conflict" });
  });
});
