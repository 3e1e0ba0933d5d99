import type { AnyTrx } from "@muster/bus/context.ts";
import { guardTests } from "@muster/ml/abtest/guard.ts";
import { predictFitted } from "@muster/ml/score.ts";
import { sampleMatrix } from "@muster/ml/scoring/read-matrix.ts";
import { readPackage } from "@muster/ml/serving/read-package.ts";
import { sideOf } from "@muster/ml/serving/split.ts";
import { abTestModels } from "@muster/ml/tools/ab-test-models.ts";
import { deployModel } from "@muster/ml/tools/deploy-model.ts";
import { endAbTest } from "@muster/ml/tools/end-ab-test.ts";
import { recordOutcomes } from "@muster/ml/tools/record-outcomes.ts";
import { startAbTest } from "@muster/ml/tools/start-ab-test.ts";
import { canonical, sha256 } from "@muster/shared/canonical.ts";
import { pinOf } from "@muster/shared/domain/dataset.ts";
import type { Feature } from "@muster/shared/domain/feature.ts";
import { logger } from "@muster/shared/log.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { sign } from "../support/signing.ts";
import { clientsTrained } from "./clients.ts";
import type { Trained } from "./deployable.ts";
import { type Client, type LiveBench, type Shown, startLive } from "./live.ts";

/** Machines are slow at times. */
const patient = { timeout: 30_000 };

const name = "clients_gone";
const people = 1600;
const client = (i: number): Client => ({
  ...{ id: `c${i}`, tenure: (i * 37) % 60, plan: i % 3 === 0 ? "annual" : "monthly", fee: 20 + ((i * 13) % 80) },
});
const terms = { trafficPercent: 40, better: "lower" as const, effect: 0.1, baseline: 0.5 };

type Result = {
  status: string;
  begin: Record<string, unknown> | null;
  result: { verdict: string; interval: [number, number] | null; difference: number; live: Row; challenger: Row } & {
    control: { assigned: number; told: number };
  };
};
/** Features of which the tenure reads the fee: what a caller meets where columns were mixed up. */
const crossed = (features: readonly Feature[]): Feature[] =>
  features.map((feature) => (feature.name === "tenure" ? { ...feature, column: "fee" } : feature) as Feature);
type Row = { version: number; assigned: number; told: number; mean: number };

describe("a version tested against the live one", () => {
  let at: LiveBench;
  let trees: Trained;
  let linear: Trained;
  let second: Shown;

  const start = (input: object, shown: Shown = second) =>
    at.on(
      "start_ab_test",
      { deployment: name, version: 2, ...terms, ...input },
      shown.request,
      Object.values(shown.receipts),
    );
  const stands = async (input: object = {}) =>
    (await at.ask("ab_test_models", { deployment: name, ...input })) as unknown as Result & { verdict: string };
  /** Which version answered each client, and who of them is of the control share. */
  async function answered(from: number, to: number) {
    const answer = await at.infer(Array.from({ length: to - from }, (_, i) => client(from + i)));
    expect(answer.status).toBe(200);
    const { versions, acted_on } = answer.parameters as { versions: string[]; acted_on: boolean[] };
    return versions.map((version, i) => ({ id: `c${from + i}`, version: Number(version), acted: acted_on[i]! }));
  }
  async function record(outcomes: { id: string; gone: boolean }[]): Promise<void> {
    const event = new Date().toISOString().slice(0, 23).replace("T", " ");
    const values = outcomes.map(({ id, gone }) => `('${id}', '${gone ? "yes" : "no"}')`).join(", ");
    const { version } = await writeQuery(at.givers.ml.lake, {
      ...{ name: "left_clients", kind: "source", inputs: [], origin: "a test", now: new Date() },
      sql: `SELECT id, gone, TIMESTAMP '${event}' AS left_at FROM (VALUES ${values}) t(id, gone) ORDER BY id`,
    });
    const dataset = pinOf("left_clients", version);
    const access = { columns: {}, policies: [], obligations: [] };
    await at.ask(
      "record_outcomes",
      { deployment: name, dataset, eventTime: "left_at" },
      {
        shows: async (request) => [
          await sign(at.givers.governance, "access.cleared", { dataset, person: "ada", purpose: "analytics" }, access, {
            request,
            person: "ada",
          }),
        ],
      },
    );
  }

  beforeAll(async () => {
    at = await startLive(name, [deployModel, recordOutcomes, abTestModels, startAbTest, endAbTest]);
    trees = await clientsTrained(at.givers.ml.lake);
    linear = await clientsTrained(at.givers.ml.lake, "linear");
    await at.registered(trees, await at.deploy(trees, 1), 1);
    second = await at.signed(linear, 2);
    await at.registered(linear, second, 2);
    await at.served(["1"]);
  }, 120_000);
  afterAll(async () => {
    await at?.stop();
  });

  test("what can't be tested is refused, each by what is wrong; nothing is split", async () => {
    for (const [input, code, words] of [
      [{ deployment: "nobody", challenger: 2 }, "not_found", "nothing is deployed"],
      [{}, "not_found", "never tested"],
      [{ challenger: 9, ...terms }, "not_found", "versions 1, 2"],
      [{ challenger: 1, ...terms }, "invalid_input", "live one"],
      [{ challenger: 2, ...terms, champion: 2 }, "invalid_input", "isn't live"],
      [{ challenger: 2, ...terms, effect: 0 }, "invalid_input", "effect of 0"],
      [{ challenger: 2, ...terms, power: 1 }, "invalid_input", "power"],
      [{ challenger: 2, ...terms, shift: 0.5 }, "invalid_input", "factor of the odds"],
      [{ challenger: 2, ...terms, better: undefined }, "invalid_input", "which way"],
      [{ challenger: 2, ...terms, trafficPercent: 100 }, "invalid_input", "trafficPercent"],
      [{ challenger: 2, ...terms, shadow: true }, "unfit", "never judged"],
    ] as const)
      await expect(stands(input), JSON.stringify(input)).rejects.toMatchObject({
        code,
        message: expect.stringContaining(words),
      });
    const { cleared: _, ...uncleared } = second.receipts;
    await expect(start({}, { ...second, receipts: uncleared as Shown["receipts"] })).rejects.toMatchObject({
      data: { missing: ["deployment.cleared"] },
    });
    await expect(start({ version: 3 })).rejects.toMatchObject({ code: "precondition_failed" });
    // Of another target: the same name and data, but what is predicted is something else.
    const other = { ...linear, problem: { ...linear.problem, target: "stayed" } };
    await expect(start({}, await at.signed(other, 2))).rejects.toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("predict different things"),
    });
    expect(await at.deps.rollouts.running()).toEqual([]);
  });

  test("is planned with what it takes and what it stands on, then splits by entity, stickily, with a control share", async () => {
    const planned = await stands({ challenger: 2, ...terms });
    expect(await stands({ challenger: 2, ...terms, effect: undefined })).toMatchObject({ plan: { effect: 0.05 } });
    expect(planned).toMatchObject({ status: "planned", begin: { model: second.model, problem: linear.problem.hash } });
    // The table changed since the challenger was trained; what it reads is in the rows that are sent.
    const { rows } = await writeQuery(at.givers.ml.lake, {
      ...{
        name: "clients",
        kind: "source",
        sql: "SELECT * FROM before WHERE tenure > 1 ORDER BY id",
        origin: "a test",
      },
      ...{ inputs: { before: linear.scope[0]! }, now: new Date() },
    });
    expect(rows).toBeLessThan(800);
    const begun = await start({ controlPercent: 10 });
    expect(begun.output).toMatchObject({
      older: [{ dataset: "clients", trainedOn: "2026-07-01T00:00:00.000Z" }],
      verdict: expect.stringContaining("trained before clients changed (2026-07-01"),
    });
    await expect(start({})).rejects.toMatchObject({ code: "conflict" });
    await vi.waitFor(async () => {
      const answer = await at.infer([client(0)]);
      expect(answer.parameters).toHaveProperty("versions");
    }, patient);
    expect((await stands()).result).toMatchObject({ verdict: "no_outcome_yet", interval: null });
    const first = await answered(0, people);
    const share = first.filter(({ version }) => version === 2).length / people;
    expect(share).toBeGreaterThan(0.35);
    expect(share).toBeLessThan(0.45);
    expect(await answered(0, 300)).toEqual(first.slice(0, 300));
    await at.endSegment();
    // Whoever the challenger answers leaves less; of the control share everybody does, which counts for neither.
    await record(
      first.map(({ id, version, acted }, i) => ({ id, gone: !acted || (i * 7919) % 100 < (version === 2 ? 25 : 50) })),
    );
    const { result, verdict } = await stands();
    expect(result.live.assigned + result.challenger.assigned).toBe(people);
    const control = first.filter(({ acted }) => !acted).length;
    expect(result.control).toMatchObject({ assigned: control, told: control, mean: 1 });
    expect(result.live.told + result.challenger.told).toBe(people - control);
    expect(result.challenger.mean).toBeLessThan(0.3);
    expect(result).toMatchObject({ verdict: "challenger_better" });
    expect(result.interval![1]).toBeLessThan(0);
    expect(verdict).toContain('"keep": "challenger"');
  });

  test("the challenger goes live on the clearance it was tested under, and the test is over", async () => {
    await expect(
      at.ask("end_ab_test", { deployment: name, keep: "challenger" }, { cleared: false }),
    ).rejects.toMatchObject({ data: { missing: ["change.cleared"] } });
    await at.ask("end_ab_test", { deployment: name, keep: "challenger" });
    expect([await at.live(), await at.standing()]).toEqual([2, [second.model]]);
    expect(await at.deps.evidence.standing("ab_test.started", { deployment: name })).toEqual([]);
    await at.served(["2"]);
    await vi.waitFor(async () => expect((await at.infer([client(1)])).parameters).toBeUndefined(), patient);
    expect((await stands()).status).toBe("ended");
    await expect(at.ask("end_ab_test", { deployment: name, keep: "live" })).rejects.toMatchObject({
      code: "not_found",
    });
  });

  test("a shadow compares losses on the same rows, and ends without having answered anybody", async () => {
    const random = seededRandom(3);
    const drawn = Array.from({ length: 3000 }, random);
    await at.judged(linear, second, (row) => drawn[row]!);
    const shadow = { version: 1, shadow: true, effect: 0.02, better: undefined, baseline: undefined };
    await start(shadow, await at.signed(trees, 1));
    await vi.waitFor(async () => expect((await at.infer([client(0)])).parameters).toHaveProperty("versions"), patient);
    const sent = await answered(0, 900);
    expect(new Set(sent.map(({ version }) => version))).toEqual(new Set([2]));
    await at.endSegment();
    // Outcomes that follow what the shadow said.
    const { columns } = await sampleMatrix(at.givers.ml.lake, trees.pins.training, trees.fitted.inputs, 800);
    const chances = predictFitted(trees.fitted, columns).probabilities[1]!;
    const keys = (await sampleMatrix(at.givers.ml.lake, trees.pins.training, [], 800)).entity;
    const chance = new Map(keys.map((key, row) => [key, chances[row]!]));
    const known = sent.filter(({ id }) => chance.has(id));
    await record(known.map(({ id }, i) => ({ id, gone: drawn[i + 1000]! < chance.get(id)! })));
    const { result } = await stands();
    expect(["undecided", "challenger_better", "no_difference"]).toContain(result.verdict);
    expect(result.interval).not.toBeNull();
    expect(result.challenger).toMatchObject({ version: 1, told: known.length });
    expect(await at.ask("end_ab_test", { deployment: name, keep: "live" })).toMatchObject({ version: 2 });
    expect([await at.live(), await at.deps.rollouts.running()]).toEqual([2, []]);
  });

  test("a challenger that fails or whose scores are shifted is rolled back by itself, which is recorded and told, while callers get the live version's answers; a good one stays", async () => {
    const { deployments, rollouts, evidence } = at.deps;
    const live = (await deployments.liveOf(name))!;
    const begin = async (salt: string, parts: object) => {
      const text = canonical(parts);
      await evidence.store.putArtifact(sha256(text), "application/json", Buffer.from(text));
      const { package: own, version, hash } = live;
      const plan = (await rollouts.newest(name))!.plan;
      await evidence.store.db.transaction().execute((trx: AnyTrx) =>
        rollouts.begin(trx, {
          ...{ id: salt, name, plan, request: null, person: null, at: new Date().toISOString() },
          split: { salt, arms: [{ version: 7, trafficPercent: 50 }], shadow: [], controlPercent: 0 },
          live: { version, hash, package: own },
          beside: [{ version: 7, hash, package: sha256(text) }],
        }),
      );
      await vi.waitFor(
        async () => expect((await at.infer([client(0)])).parameters).toHaveProperty("versions"),
        patient,
      );
    };
    const served = await readPackage(live, evidence.artifact);
    const guard = () => guardTests(at.deps, { now: () => new Date(), log: logger("guard-test") });
    const answering = async (i: number) => {
      const answer = await at.infer([client(i)]);
      expect(answer.status).toBe(200);
      return (answer.parameters?.versions as string[] | undefined)?.[0];
    };
    const send = async (requests: number) => {
      for (let i = 0; i < requests; i++) await answering(i);
    };
    await begin("good", { ...served, version: 7 });
    await send(300);
    expect(await guard()).toEqual([]);
    await at.ask("end_ab_test", { deployment: name, keep: "live" });
    await vi.waitFor(async () => expect(await answering(0)).toBeUndefined(), patient);
    for (const [salt, parts, because] of [
      // Loads and warms up, and can't answer a single row.
      ["fails", { cutoff: { kind: "column", column: "absent" } }, /^guardrail: version 7 fails \d+ of \d+ requests/],
      // Reads another column than it learned from.
      ["shifted", { view: { ...served.view, features: crossed(served.view.features) } }, /version 7 scores .* apart/],
    ] as const) {
      await begin(salt, { ...served, version: 7, ...parts });
      await send(250);
      // Before anybody recorded it the live version answers all.
      const [own] = Array.from({ length: people }, (_, i) => i).filter(
        (i) =>
          sideOf({ salt, arms: [{ version: 7, trafficPercent: 50 }], shadow: [], controlPercent: 0 }, `c${i}`).version,
      );
      expect(await answering(own!)).toBe(String(live.version));
      expect(await guard()).toEqual([name]);
      expect(await rollouts.newest(name)).toMatchObject({ id: salt, endedBecause: expect.stringMatching(because) });
      expect(await stands()).toMatchObject({
        status: "ended",
        verdict: expect.stringContaining("guardrail: version 7"),
      });
      await vi.waitFor(async () => expect(await answering(0)).toBeUndefined(), patient);
      expect(await at.live()).toBe(live.version);
    }
    const { rows } = await at.givers.governance.pool.query(
      "select data from evidence.audit_event where what = 'ml.ab_test_stopped' order by at",
    );
    expect(rows.map(({ data }) => data)).toMatchObject([
      { test: "fails", version: 7 },
      { test: "shifted", version: 7 },
    ]);
    const told = await evidence.store.outbox({ xid: "0", seq: 0 }, ["ml.challenger_rolled_back"]);
    expect(told.map(({ payload }) => payload)).toMatchObject([
      { name, version: 7, test: "fails", because: expect.stringContaining("fails") },
      { name, version: 7, test: "shifted", because: expect.stringContaining("apart") },
    ]);
  }, 90_000);
});
