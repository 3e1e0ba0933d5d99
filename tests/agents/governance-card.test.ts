import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newId } from "@muster/bus/evidence.ts";
import { lookUp, ModelCard } from "@muster/governance/cards/card.ts";
import type { FactName, FactValue } from "@muster/shared/fact/table.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Governed, problem, startGoverned } from "../support/governed.ts";
import { accept, askFrom, sign } from "../support/signing.ts";

const hash = "a".repeat(64);
const training = `contracts_training@${"1".repeat(64)}`;
const holdout = `contracts_holdout@${"2".repeat(64)}`;
const figure = (value: number) => ({ value, low: value - 0.05, high: value + 0.05 });
const group = (name: string, rate: number): FactValue<"model.fairness">["attributes"][number]["groups"][number] => ({
  ...{ group: name, rows: 211, rates: { yes: figure(rate) }, actual: { yes: figure(0.31) } },
  ...{ truePositive: figure(0.71), falsePositive: null, rocAuc: figure(0.81), accuracy: figure(0.77) },
  ...{ rmse: null, calibration: figure(0.013) },
});

describe("a model's card on real servers", () => {
  let g: Governed;
  let request: string;
  let settled: string;
  beforeAll(async () => {
    g = await startGoverned();
    request = g.newRequest();
    const base = { problem: problem.hash, view: "v1", training, model: hash };
    const about = { ...base, scope: g.scope, purpose: "analytics" };
    const give = <F extends FactName>(fact: F, of: Record<string, unknown>, value: FactValue<F>, uses: string[] = []) =>
      sign(fact === "budget.reserved" ? g.by.cost : g.by.ml, fact, of, value, { request, person: "ada", uses });
    const accepted = await accept(g.by.door, request);
    const defined = await give("problem.defined", { problem: problem.hash }, problem);
    const reserved = await give(
      "budget.reserved",
      { request, person: "ada", problem: problem.hash, training },
      {
        ...{ reservation: "rsv_1", limitUsd: 0.011, limitCpuSeconds: 100, limitMemoryMb: 1024 },
        ...{ estimatedUsd: 0.0021, estimatedCpuSeconds: 21 },
      },
    );
    const run = await give(
      "run.finished",
      about,
      {
        ...{
          run: "run_card",
          model: hash,
          algorithm: "linear",
          task: "binary",
          classes: ["no", "yes"],
          threshold: 0.37,
        },
        ...{ beatsConstant: true, classCounts: [603, 407], constant: [0.6, 0.4], validation: "stratified" },
        ...{ cv: { roc_auc: { mean: 0.841, se: 0.0042 } }, baseline: {}, board: [], features: ["fee"], training },
        dropped: [{ name: "contracts.code/old", reason: "id_like | <script>", number: 0.987 }],
        ...{ rows: 1010, columns: 1, folds: 5, artifacts: { onnx: hash, fitted: hash, oof: hash, boosters: [] } },
        ...{ rounds: 10, seed: 7, threads: 1, engine: "e1", cpuSeconds: 3.25, seconds: 2.5, peakMemoryMb: 151 },
      },
      [accepted, defined, reserved],
    );
    const evaluated = await give(
      "model.evaluated",
      { ...about, holdout },
      {
        ...{ metrics: { roc_auc: 0.8375 }, intervals: { roc_auc: [0.8125, 0.8625] }, baseline: { roc_auc: 0.5 } },
        ...{ look: 2, rows: 422, threshold: 0.37, exploratory: false, predictions: "f".repeat(64) },
        calibration: { brier: 0.141, slope: 1.02, intercept: -0.03 },
      },
      [run],
    );
    await give("model.explained", base, {
      ...{ importance: [{ name: "fee", importance: 1 }], byFeature: [], method: "linear", rows: 100 },
    });
    await give(
      "model.fairness",
      { ...about, holdout },
      {
        attributes: [
          {
            ...{ attribute: "customers.segment", isFeature: true, bands: false, leastRows: 20, unnamed: 3 },
            ...{ groups: [group("home", 0.42), group("business", 0.35)], ratio: figure(0.83), tprRatio: null },
            ...{ together: null, alone: [] },
          },
        ],
        uncompared: [{ attribute: "customers.birth_date", reason: "no join" }],
        ...{ worstRatio: 0.83, worstTprRatio: null, worstProxyAuc: null, rows: 422, method: "Wilson" },
      },
    );
    await give("model.registered", about, { name: "churn", version: 3, hash }, [accepted, defined, run, evaluated]);
    // Another model of another name and version, whose figures must not stand in this card.
    const other = { ...about, model: "b".repeat(64) };
    await give("model.registered", other, { name: "churn_two", version: 9, hash: "b".repeat(64) }, [accepted, defined]);
    const { store } = g.by.cost.evidence;
    settled = newId("aud");
    await store.audit(store.db, {
      ...{ id: settled, at: new Date().toISOString(), what: "cost.spend_settled", subject: "run_card", person: null },
      ...{ request, step: null, data: { reservation: "rsv_1", usd: 0.0029 }, receipts: [] },
    });
    const { store: liar } = g.by.ml.evidence;
    await liar.audit(liar.db, {
      ...{
        id: newId("aud"),
        at: new Date().toISOString(),
        what: "cost.spend_settled",
        subject: "run_card",
        person: null,
      },
      ...{ request, step: null, data: { reservation: "rsv_1", usd: 99 }, receipts: [] },
    });
  });
  afterAll(() => g?.stop());

  const write = async (input: Record<string, unknown>) => {
    const asked = g.newRequest();
    const receipts = [await accept(g.by.door, asked)];
    return (await askFrom(g.by.door, { tool: "governance.write_model_card", input, receipts, request: asked }))
      .output as {
      json: string;
      markdown: string;
      items: number;
      version: number;
    };
  };
  const textOf = async (artifact: string) => Buffer.from(await g.own.evidence.artifact(artifact)).toString("utf8");

  /** Reads a line's source anew, by its kind, past everything that made the card. */
  async function recorded({ kind, id, pointer }: ModelCard["sections"][number]["items"][number]["source"]) {
    if (kind === "value" || kind === "receipt") {
      const receipt = (await g.own.evidence.load([id])).get(id)!;
      return lookUp(kind === "value" ? await g.own.evidence.value(receipt) : receipt, pointer);
    }
    const table = { decision: "governance.decision", approval: "governance.approval", audit: "evidence.audit_event" }[
      kind
    ];
    const { rows } = await g.own.pool.query(`select * from ${table} where id = $1`, [id]);
    return lookUp(rows[0], pointer);
  }

  test("every line is found where it says in the record, and what the record holds is told", async () => {
    const { json, items } = await write({ model: "churn" });
    const card = ModelCard.parse(JSON.parse(await textOf(json)));
    expect(card).toMatchObject({ model: "churn", version: 3, hash });
    const all = card.sections.flatMap((section) => section.items);
    expect(all).toHaveLength(items);
    expect(all.length).toBeGreaterThan(60);
    for (const { label, value, source } of all) expect([label, await recorded(source)]).toEqual([label, value]);
    const said = Object.fromEntries(all.map(({ label, value }) => [label, value]));
    expect(said).toMatchObject({
      roc_auc: 0.8375,
      "roc_auc, 95 % from": 0.8125,
      "roc_auc of the constant baseline": 0.5,
      look: 2,
      "customers.segment: ratio of outcome rates": 0.83,
      "customers.segment home: predicted yes": 0.42,
      "customers.birth_date: not compared": "no join",
      "contracts.code/old: the number that shows it": 0.987,
      "settled at, USD": 0.0029,
      "estimated, USD": 0.0021,
      "training rows of yes": 407,
      purpose: "analytics",
    });
    expect(all.filter(({ label }) => label === "settled at, USD")).toHaveLength(1);
    expect(JSON.stringify(card)).not.toContain("churn_two");
  });

  test("the Markdown holds the same numbers, each with a note that names its source, and no markup from names", async () => {
    const { json, markdown } = await write({ model: "churn", version: 3 });
    const card = ModelCard.parse(JSON.parse(await textOf(json)));
    const text = await textOf(markdown);
    const notes = new Map(
      [...text.matchAll(/^(\d+)\. (\w+) `([^`]+)`(?: `([^`]+)`)?$/gm)].map((m) => [
        m[1]!,
        `${m[2]} ${m[3]} ${m[4] ?? ""}`,
      ]),
    );
    const rows = [...text.matchAll(/^\| (.*) \| (.*) \| \[(\d+)\] \|$/gm)];
    const items = card.sections.flatMap((section) => section.items);
    expect(rows).toHaveLength(items.length);
    for (const [i, row] of rows.entries()) {
      const { value, source } = items[i]!;
      if (typeof value === "number") expect(Number(row[2])).toBe(value);
      expect(notes.get(row[3]!)).toBe(`${source.kind} ${source.id} ${source.pointer}`);
    }
    expect(text).toContain("id\\_like \\| \\<script\\>");
    expect(text).not.toContain("<script>");
  });

  test("an unknown model or version is refused; the card is on record", async () => {
    await expect(write({ model: "nothing" })).rejects.toMatchObject({ code: "not_found" });
    await expect(write({ model: "churn", version: 4 })).rejects.toMatchObject({ code: "not_found" });
    await expect(write({ model: "No Name" })).rejects.toMatchObject({ data: { issues: [{ path: "model" }] } });
    const { json } = await write({ model: "churn" });
    const { rows } = await g.own.pool.query(
      "select data from evidence.audit_event where what = 'governance.card_written' and data->>'json' = $1",
      [json],
    );
    expect(rows.length).toBeGreaterThan(0);
  });

  test("explain_decision says who approved what, and gives each policy's reason as it stood then", async () => {
    const folder = join(g.bench.home, "policies");
    mkdirSync(folder, { recursive: true });
    const policy = (why: string) =>
      `@id("ours") @why("${why}") permit (principal, action == Action::"read", resource);`;
    writeFileSync(join(folder, "ours.cedar"), policy("agreed in May"));
    const asked = g.newRequest();
    const accepted = await accept(g.by.door, asked);
    const receipts = [accepted, (await g.classify("payments")).receipt];
    const input = { dataset: g.pins.payments };
    await askFrom(g.by.door, { tool: "governance.clear_access", input, receipts, request: asked });
    const what = { what: "show the payments", why: "a test", role: "approver", content: "c".repeat(64) };
    const waiting = { tool: "governance.request_approval", input: what, receipts: [accepted], request: asked };
    const { approval } = (await askFrom(g.by.door, waiting)).output as { approval: string };
    const explain = () => g.read("governance.explain_decision", { request: asked });
    expect(await explain()).toMatchObject({ approvals: [{ id: approval, state: "waiting", decidedBy: null }] });
    const eve = { person: "eve", roles: ["approver" as const] };
    await g.confirmed("governance.decide_approval", { approval, decision: "approve", comment: "fine" }, eve, asked);
    writeFileSync(join(folder, "ours.cedar"), policy("changed in June"));
    expect(await explain()).toMatchObject({
      approvals: [
        {
          what: what.what,
          askedBy: "ada",
          state: "approved",
          decidedBy: "eve",
          comment: "fine",
          content: what.content,
        },
      ],
      decisions: [{ policies: expect.arrayContaining([{ id: "ours", why: "agreed in May" }]) }],
    });
    rmSync(folder, { recursive: true });
  });
});
