import type { Feature } from "@muster/shared/domain/feature.ts";
import type { Comparison, Ideas, Proposal } from "@muster/shared/domain/improvement.ts";
import type { Evaluation, RunResult } from "@muster/shared/domain/model.ts";
import type { Slice } from "@muster/shared/domain/slice.ts";
import { normal, seededRandom } from "@muster/shared/random.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accept, sign } from "../support/signing.ts";
import { copyOf, type MlBench, output, type Shown, startMl } from "./trainable.ts";

/** 1,500 payments of cards over four months; those of a burst are fraud, and one alone looks like any other. */
function payments(seed: number): string {
  const random = seededRandom(seed);
  const made: { card: string; at: number; amount: number; shop: string; fraud: boolean }[] = [];
  const start = Date.UTC(2026, 0, 1);
  while (made.length < 1500) {
    const card = `c${Math.floor(random() * 120)}`;
    const at = start + Math.floor(random() * 120 * 86_400) * 1000;
    const burst = random() < 0.06;
    for (let n = burst ? 5 : 1; n > 0; n--)
      made.push({
        ...{ card, at: at + (burst ? Math.floor(random() * 500) * 1000 : 0), fraud: burst },
        amount: Math.abs(8 + 4 * normal(random)),
        shop: ["food", "fuel", "books"][Math.floor(random() * 3)]!,
      });
  }
  const text = (at: number) => new Date(at).toISOString().slice(0, 19).replace("T", " ");
  const rows = made
    .sort((a, b) => a.at - b.at)
    .map(({ card, at, amount, shop, fraud }, i) =>
      [`p${i}`, card, text(at), amount.toFixed(2), shop, fraud ? "yes" : "no"].join(","),
    );
  return `payment_id,card,paid_at,amount,shop,fraud\n${rows.join("\n")}\n`;
}

const count: Feature = {
  ...{
    kind: "window",
    name: "card_past_count_10min",
    table: "payments",
    key: "card",
    localKey: "card",
    time: "paid_at",
  },
  ...{ arrived: null, aggregate: "count", column: null, days: 10 / 1440, where: null },
};
const burst: Slice = {
  ...{ kind: "missed", conditions: [{ op: "range", column: count.name, from: "probe", low: 2, high: null }] },
  ...{ rows: 100, errors: 80, rate: 0.8, baseRate: 0.1, expected: 0.2, known: false },
  share: { errors: 80, of: 100, rate: 0.8, elsewhere: 0.1 },
  confirmed: {
    ...{ rows: 50, errors: 40, rate: 0.8, baseRate: 0.1, pValue: 1e-6, adjusted: 1e-5 },
    effect: { value: 0.7, low: 0.6, high: 0.8 },
  },
  ...{ words: "payments of which the card made two or more within 10 minutes", probes: [count] },
};

let at: MlBench;
let shown: Shown;
let base: RunResult;
beforeAll(async () => {
  at = await startMl();
  const pin = await at.load("payments", payments(7));
  shown = await at.prepared(pin, { dataset: "payments", target: "fraud" }, (names) =>
    names.filter((name) => name.includes("_past_") || name.includes("_rate_")),
  );
  base = output<RunResult>(await at.step("train_model", shown));
}, 180_000);
afterAll(async () => {
  await at?.stop();
});

const viewed = ["view.defined", "registered", "training", "holdout", "checked", "candidates.chosen", "run.finished"];
const looksAtHoldout = async () =>
  (await at.by.ml!.pool.query("select model, look from ml.holdout_look order by look")).rows as {
    model: string;
    look: number;
  }[];

/** What find_error_slices would sign of the base. */
async function wrongIn(receipts: Shown, slices: Slice[]): Promise<void> {
  const run = [...(await at.by.ml!.evidence.load([receipts["run.finished"]!])).values()].find(
    ({ fact }) => fact === "run.finished",
  )!;
  const { problem, scope, view, training, model } = run.about;
  receipts["slices.found"] = await sign(
    at.by.ml!,
    "slices.found",
    { problem, scope, view, training, model },
    {
      ...{ run: base.run, model: base.model, slices, hard: [], rows: 1000, errors: 100, farOff: null, tested: 3 },
      ...{ searched: { features: 2, columns: 0, probes: 4 }, leftOut: [], seed: 1 },
      split: { by: "entity", discovery: 500, confirmation: 500 },
    },
  );
}

/** A challenger's own receipts beside those of its request: registered, materialized, trained and compared. */
async function challenge(receipts: Shown, proposal: Proposal): Promise<{ own: Shown; compared: Comparison }> {
  const kept = Object.entries(receipts).filter(([name]) => !viewed.includes(name));
  const own = copyOf(receipts);
  for (const name of Object.keys(own)) if (!kept.some(([one]) => one === name)) delete own[name];
  await at.step("create_feature_pipeline", own, { challenger: proposal.view!.hash });
  const { datasets } = await at.value<"scope.pinned">(own.scope!);
  await at.materialize(own, datasets[0]!.pin);
  await at.step("select_model", own);
  await at.step("train_model", own);
  const about = (await at.by.ml!.evidence.load([own["run.finished"]!])).get(own["run.finished"]!)!.about;
  const { problem, view, training } = about;
  const figure = (mid: number) => ({ low: mid / 2, mid, high: mid * 2 });
  own.estimated = await sign(
    at.by.cost!,
    "training.estimated",
    { problem, view, training },
    {
      ...{ cpuSeconds: figure(10), memoryMb: figure(300), usd: figure(0.001), seconds: figure(10) },
      basedOn: { runs: 0, prior: true, error: null },
    },
  );
  await at.step("compare_challenger", own);
  return { own, compared: await at.value<"improvement.compared">(own["improvement.compared"]!) };
}

describe("a challenger with the feature that the slice points to", () => {
  let own: Shown;
  let proposal: Proposal;
  let next: unknown;
  let compared: Comparison;
  beforeAll(async () => {
    await wrongIn(shown, [burst]);
    const reply = await at.step("improve_model", shown, { rounds: 1 });
    proposal = await at.value<"improvement.proposed">(shown["improvement.proposed"]!);
    next = reply.next;
    ({ own, compared } = await challenge(shown, proposal));
  }, 180_000);

  test("is proposed as a view of its own that says what it improves, with its goal", async () => {
    const view = await at.value<"view.registered">(shown.registered!);
    expect(proposal.features[0]).toEqual({ feature: count, because: burst.words });
    expect(proposal.view).toMatchObject({ improves: view.view.hash });
    expect(proposal.view!.features.slice(0, view.view.features.length)).toEqual(view.view.features);
    const on = { view: proposal.view!.hash, challenger: proposal.view!.hash };
    expect(next).toEqual([{ is: "improvement.compared", of: { round: 1 }, on }]);
    expect(proposal).toMatchObject({ base: { model: base.model }, against: { model: base.model }, tried: [] });
  });

  test("is better out of fold on the same folds, having raced the same candidates; the hold-out stays sealed", async () => {
    const [round] = compared.tried;
    expect(round).toMatchObject({ round: 1, better: true, unequal: null, difference: { metric: "roc_auc" } });
    expect(round!.difference.against).toBeCloseTo(base.cv.roc_auc!.mean, 9);
    const run = await at.value<"run.finished">(own["run.finished"]!);
    expect(round!.difference.challenger).toBeCloseTo(run.cv.roc_auc!.mean, 9);
    expect(round!.difference.mean).toBeGreaterThan(0.1);
    // An ensemble is formed of what was raced, where it pays: one side may have one.
    const raced = ({ board }: RunResult) => board.filter(({ algorithm }) => algorithm !== "ensemble");
    const settings = (one: RunResult) =>
      raced(one)
        .map(({ parameters }) => parameters.setting)
        .sort();
    expect(settings(run)).toEqual(settings(base));
    expect(compared.stop).toContain("round 1 of 1");
    expect(await looksAtHoldout()).toEqual([]);
  });

  test("isn't registered before its lift is confirmed, and so can't be deployed", async () => {
    await at.step("evaluate_model", own);
    const early = copyOf(own);
    await expect(at.step("register_model", early)).rejects.toMatchObject({
      code: "precondition_failed",
      data: { missing: ["improvement.confirmed"] },
    });
  });

  test("is confirmed by one look, the paired lift told overall and on the slice, and then registered", async () => {
    const evaluation = await at.value<"model.evaluated">(own["model.evaluated"]!);
    const run = await at.value<"run.finished">(own["run.finished"]!);
    expect(await looksAtHoldout()).toEqual([{ model: run.model, look: 1 }]);
    const lift = evaluation.lift!;
    expect(lift).toMatchObject({ base: base.model, challenger: run.model, metric: "roc_auc", above: true, by: "time" });
    expect(lift.clusters).toBeGreaterThanOrEqual(20);
    expect(lift.overall.roc_auc!.challenger).toBeCloseTo(evaluation.metrics.roc_auc!, 12);
    for (const name of ["roc_auc", "average_precision", "precision", "recall"]) {
      const { base: before, challenger: after, lift: found } = lift.overall[name]!;
      expect(found!.value).toBeCloseTo(after! - before!, 12);
      expect(found!.low).toBeLessThanOrEqual(found!.value);
    }
    expect(lift.slice!.words).toBe(burst.words);
    const { dataset } = await at.value<"features.materialized">(own.holdout!);
    const [there] = await at.query(dataset, `select count(*)::INTEGER as n from t where ${count.name} >= 2`);
    expect(lift.slice!.rows).toBe(there!.n);
    expect(lift.overall.precision!.lift!.low).toBeGreaterThan(0.5);
    const reply = await at.step("confirm_improvement", own);
    expect(output<object>(reply)).toMatchObject({
      ...{ kept: true, look: 1, round: 1, verdict: expect.stringMatching(/^kept: roc_auc \+0\.\d+ .*look 1/) },
    });
    expect(reply.next.map(({ is }) => is)).toContain("deployment.live");
    expect(await looksAtHoldout()).toHaveLength(1);
    const registered = output<{ name: string; hash: string }>(await at.step("register_model", own));
    expect(registered).toMatchObject({ name: "fraud", hash: run.model });
  });

  test("is what the next round builds on: what was tried isn't proposed again, and the first base stays the base", async () => {
    const next = copyOf(own);
    await wrongIn(next, [burst]);
    await at.step("improve_model", next, { round: 2, rounds: 2 });
    const second = await at.value<"improvement.proposed">(next["improvement.proposed"]!);
    const names = (one: Proposal) => one.features.map(({ feature }) => feature.name);
    expect(second).toMatchObject({ round: 2, base: { model: base.model }, slice: proposal.slice });
    expect(second.against).toMatchObject({ model: compared.challenger.model, view: proposal.view!.hash });
    expect(second.tried.map(({ round }) => round)).toEqual([1]);
    expect(names(second).filter((name) => names(proposal).includes(name))).toEqual([]);
    if (second.view) expect(second.view.improves).toBe(proposal.view!.hash);
    await expect(at.step("improve_model", copyOf(own), { round: 3, rounds: 3 })).rejects.toMatchObject({
      ...{ code: "precondition_failed", data: { missing: expect.arrayContaining(["slices.found"]) } },
    });
  });

  test("is tested once a request: another confirmation in it is refused", async () => {
    await expect(at.step("confirm_improvement", copyOf(own))).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("one test"),
    });
  });
});

describe("a challenger that adds nothing", () => {
  const noise: Feature = { kind: "date_part", name: "minute_of_month", column: "paid_at", part: "day" };
  let own: Shown;
  let compared: Comparison;
  let asked: Shown;
  beforeAll(async () => {
    asked = copyOf(shown);
    delete asked["improvement.proposed"];
    await wrongIn(asked, []);
    await at.step("improve_model", asked, { rounds: 2, propose: [noise] });
    const proposal = await at.value<"improvement.proposed">(asked["improvement.proposed"]!);
    expect(proposal).toMatchObject({ features: [{ feature: noise, because: "asked for" }], slice: null });
    ({ own, compared } = await challenge(asked, proposal));
  }, 180_000);

  test("isn't taken on: no lift out of fold, its number told, and the hold-out isn't opened", async () => {
    const looks = await looksAtHoldout();
    expect(compared).toMatchObject({ best: null, tried: [{ better: false }] });
    const again = output<object>(await at.step("compare_challenger", copyOf(own)));
    expect(again).toMatchObject({
      better: false,
      improved: false,
      verdict: expect.stringMatching(/not above its noise/),
    });
    expect(await looksAtHoldout()).toEqual(looks);
    expect(compared.stop).toBeNull();
    const goal = { is: "improvement.proposed", of: { round: 2 } };
    const on = { view: compared.base.view, challenger: compared.challenger.view };
    expect((await at.step("compare_challenger", copyOf(own))).next).toEqual([{ ...goal, on }]);
    const poor = copyOf(own, { accepted: await accept(at.door, own.$request!, { budgetUsd: 0.002 }) });
    const ended = await at.step("compare_challenger", poor);
    expect(ended).toMatchObject({ next: [], output: { stop: expect.stringContaining("of 0.002 USD") } });
    const evaluation = output<Evaluation>(await at.step("evaluate_model", copyOf(own)));
    expect(evaluation.lift).toBeNull();
    await expect(at.step("confirm_improvement", copyOf(own))).rejects.toMatchObject({ code: "precondition_failed" });
  });

  test("is dropped with its number where it was lucky out of fold, and never registered", async () => {
    const receipt = [...(await at.by.ml!.evidence.load([own["improvement.compared"]!])).values()].find(
      ({ fact }) => fact === "improvement.compared",
    )!;
    const lucky = copyOf(own, {
      "improvement.compared": await sign(
        at.by.ml!,
        "improvement.compared",
        receipt.about,
        { ...compared, best: compared.challenger },
        { request: receipt.request },
      ),
    });
    Object.defineProperty(lucky, "$request", { value: receipt.request, enumerable: false });
    const lift = output<Evaluation>(await at.step("evaluate_model", lucky)).lift!;
    expect(lift).toMatchObject({ above: false, sliceNote: expect.stringContaining("no slice") });
    expect(lift.overall.roc_auc!.lift!.low).toBeLessThanOrEqual(0);
    // This request had its one test above; here the other way it can end is looked at.
    await at.by.ml!.pool.query("delete from ml.improvement");
    const reply = await at.step("confirm_improvement", lucky);
    expect(output<{ kept: boolean }>(reply)).toMatchObject({
      kept: false,
      verdict: expect.stringMatching(/^no lift, dropped: roc_auc/),
    });
    expect(reply).toMatchObject({ next: [], given: [{ fact: "improvement.confirmed", verdict: "failed" }] });
    await expect(at.step("register_model", lucky)).rejects.toMatchObject({
      code: "precondition_failed",
      data: { missing: ["improvement.confirmed"] },
    });
  });

  test("leaves nothing to propose: said with its reason, without a view to train", async () => {
    const none = copyOf(asked);
    await wrongIn(none, []);
    const reply = await at.step("improve_model", none, {});
    expect(output<object>(reply)).toMatchObject({
      ...{ challenger: null, features: [], why: expect.stringContaining("no slice") },
      verdict: expect.stringContaining("nothing to propose"),
    });
    expect(reply).toMatchObject({ next: [], given: [{ verdict: "failed" }] });
  });
});

describe("what a language model thought of", () => {
  const idea = (feature: Feature, number: number | null = 0) => ({ feature, slice: number });
  const log: Feature = { kind: "log", name: "amount_log", column: "amount" };
  const ideas: Ideas = {
    ...{
      model: "m",
      unread: [{ name: "proposal 6", reason: "there is no column payments.salary" }],
      why: null,
      sent: null,
    },
    features: [
      idea(log),
      idea({ kind: "column", name: "told", column: "fraud", type: "text" }, null),
      idea({ ...count, name: "by_amount", time: "amount" } as Feature),
      idea({ kind: "log", name: "shop_log", column: "shop" }),
      idea({ ...count, name: "again" } as Feature),
    ],
  };

  test("is held to the gates like anything else: one that passes is tried, what leaks or can't be made is told and costs nothing", async () => {
    const receipts = copyOf(shown);
    delete receipts["improvement.proposed"];
    await wrongIn(receipts, [burst]);
    const { problem, scope, view, purpose } = (await at.by.ml!.evidence.load([receipts.registered!])).get(
      receipts.registered!,
    )!.about;
    const about = { problem, scope, purpose, view, challenger: view };
    receipts.ideas = await sign(at.by.planner!, "features.proposed", about, ideas, { request: receipts.$request! });
    await at.step("improve_model", receipts, {});
    const proposal = await at.value<"improvement.proposed">(receipts["improvement.proposed"]!);
    expect(proposal.features.slice(0, 2)).toEqual([
      { feature: count, because: burst.words },
      { feature: log, because: burst.words, by: "m" },
    ]);
    expect(proposal.view!.features.map(({ name }) => name)).toContain("amount_log");
    const { leftOut, ...thought } = proposal.thought!;
    expect(thought).toEqual({ round: 1, model: "m", proposed: 6, tried: ["amount_log"], why: null });
    expect(Object.fromEntries(leftOut.map(({ name, reason }) => [name, reason]))).toEqual({
      "proposal 6": "there is no column payments.salary",
      told: "payments.fraud isn't cleared to be read",
      by_amount: expect.stringMatching(/^it leaks \(beyond the cutoff\): payments\.amount isn't the time/),
      shop_log: expect.stringContaining("shop"),
      again: "the view holds it, or it was tried",
    });
  });

  test("is nothing to somebody else's tool: another than the planner can't sign it", async () => {
    const receipts = copyOf(shown);
    await wrongIn(receipts, [burst]);
    const { about } = (await at.by.ml!.evidence.load([receipts.registered!])).get(receipts.registered!)!;
    const forged = sign(at.by.quality!, "features.proposed", { ...about, challenger: about.view }, ideas);
    await expect(forged).rejects.toThrow();
  });
});

describe("bad input", () => {
  test("is refused with what to do", async () => {
    const fresh = () => copyOf(shown);
    const without = (...names: string[]) => {
      const left = fresh();
      for (const name of names) delete left[name];
      return left;
    };
    await expect(at.step("improve_model", fresh(), { round: 3 })).rejects.toMatchObject({
      ...{ code: "invalid_input", message: expect.stringContaining("round 3 of 2") },
    });
    await expect(at.step("improve_model", without("improvement.compared"), { round: 2 })).rejects.toMatchObject({
      ...{ code: "precondition_failed", data: { missing: ["improvement.compared"] } },
    });
    await expect(at.step("improve_model", fresh(), { propose: [{ kind: "sql", name: "x" }] })).rejects.toMatchObject({
      code: "invalid_input",
    });
    await expect(at.step("improve_model", fresh(), { rounds: 0 })).rejects.toMatchObject({ code: "invalid_input" });
    await expect(at.step("improve_model", without("run.finished"))).rejects.toMatchObject({
      ...{ code: "precondition_failed", data: { missing: expect.arrayContaining(["run.finished"]) } },
    });
    const challenger = "0".repeat(64);
    await expect(at.step("create_feature_pipeline", fresh(), { challenger })).rejects.toMatchObject({
      ...{ code: "precondition_failed", data: { missing: ["improvement.proposed"] } },
    });
    const label: Feature = { kind: "column", name: "told", column: "fraud", type: "text" };
    await wrongIn(shown, [burst]);
    const left = output<Proposal>(await at.step("improve_model", fresh(), { propose: [label] })).leftOut;
    expect(left).toEqual([{ name: "told", reason: expect.stringContaining("payments.fraud") }]);
  });
});
