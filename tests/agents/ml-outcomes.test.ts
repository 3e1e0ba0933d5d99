import { deployModel } from "@muster/ml/tools/deploy-model.ts";
import { detectModelDrift } from "@muster/ml/tools/detect-model-drift.ts";
import { recordOutcomes } from "@muster/ml/tools/record-outcomes.ts";
import { pinOf } from "@muster/shared/domain/dataset.ts";
import type { DriftReport } from "@muster/shared/domain/drift-report.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sign } from "../support/signing.ts";
import { clientsTrained } from "./clients.ts";
import type { Trained } from "./deployable.ts";
import { type Client, type LiveBench, type Shown, startLive } from "./live.ts";

const name = "clients_gone";
const people = 400;
const client = (i: number): Client => ({
  ...{ id: `c${i}`, tenure: (i * 37) % 60, plan: i % 3 === 0 ? "annual" : "monthly" },
  fee: i % 41 === 0 ? null : 20 + ((i * 13) % 80),
});

describe("what came of predictions", () => {
  let at: LiveBench;
  let trained: Trained;
  let shown: Shown;
  /** The probability that each client was answered with. */
  let answered: number[];

  /** Loads a table of outcomes: client, label, minutes after the predictions. */
  async function load(rows: { id: string; label: string; arrived: Date }[], event: Date): Promise<string> {
    const values = rows.map(
      ({ id, label, arrived }) => `('${id}', '${label}', TIMESTAMP '${arrived.toISOString().slice(0, 19)}')`,
    );
    const { version } = await writeQuery(at.givers.ml.lake, {
      ...{ name: "left_clients", kind: "source", inputs: [], origin: "a test", now: new Date() },
      sql: `SELECT id, gone, TIMESTAMP '${event.toISOString().slice(0, 23).replace("T", " ")}' AS left_at, told_at FROM (VALUES ${values.join(", ")}) t(id, gone, told_at) ORDER BY id`,
    });
    return pinOf("left_clients", version);
  }
  const record = (dataset: string, more: object = {}, show = "plain") =>
    at.ask(
      "record_outcomes",
      { deployment: name, dataset, eventTime: "left_at", ...more },
      {
        shows: async (request) => [
          await sign(
            at.givers.governance,
            "access.cleared",
            { dataset, person: "ada", purpose: "analytics" },
            {
              columns: { gone: { show: show as "plain", rows: null, reason: "a test" } },
              policies: [],
              obligations: [],
            },
            { request, person: "ada" },
          ),
        ],
      },
    );
  const drift = async () => {
    const output = await at.on(
      "detect_model_drift",
      { deployment: name },
      shown.request,
      Object.values(shown.receipts),
    );
    return (output.output as { report: DriftReport }).report;
  };
  const uniform = seededRandom(5);
  const drawn = Array.from({ length: 2000 }, uniform);
  const draw = (i: number) => drawn[i]!;

  beforeAll(async () => {
    at = await startLive(name, [deployModel, recordOutcomes, detectModelDrift]);
    trained = await clientsTrained(at.givers.ml.lake);
    shown = await at.deploy(trained, 1);
    const live = await at.deps.evidence.newest("deployment.live", { deployment: name });
    Object.assign(shown.receipts, { live: live!.id });
    await at.served(["1"]);
    const answer = await at.infer(Array.from({ length: people }, (_, i) => client(i)));
    answered = (answer.outputs[1]!.data as number[]).filter((_, k) => k % 2 === 1);
    await at.endSegment();
    await at.served(["1"]);
    await at.judged(trained, shown, (row) => draw(row + 1000));
  }, 120_000);
  afterAll(async () => {
    await at?.stop();
  });

  test("no outcome yet: performance isn't judged", async () => {
    expect((await drift()).performance).toBeNull();
  });

  test("bad input is refused by name; whoever may not see a column can't record from it", async () => {
    const one = await load([{ id: "c1", label: "yes", arrived: new Date() }], new Date());
    for (const [input, code] of [
      [{ deployment: "nobody" }, "not_found"],
      [{ label: "left" }, "invalid_input"],
      [{ eventTime: "gone" }, "invalid_input"],
      [{ label: "id" }, "unfit"],
      [{ dataset: "no_such_dataset" }, "not_found"],
    ] as const)
      await expect(record(one, input), JSON.stringify(input)).rejects.toMatchObject({ code });
    await expect(record(one, {}, "none")).rejects.toMatchObject({ code: "denied" });
    await expect(at.ask("record_outcomes", { deployment: name, dataset: one })).rejects.toMatchObject({
      data: { missing: ["access.cleared"] },
    });
    expect(await at.deps.lake.newest("clients_gone_outcomes")).toBeNull();
  });

  test("outcomes that follow the scores: matched, counted, no performance drift; corrected ones that don't: drifted", async () => {
    const event = new Date();
    const told = (label: (i: number) => boolean, count: number, later: number) =>
      load(
        Array.from({ length: count }, (_, i) => ({
          ...{ id: `c${i}`, label: label(i) ? "yes" : "no" },
          arrived: new Date(event.getTime() + 1000 + later),
        })),
        event,
      );
    const hours = (await load(
      [{ id: "c1", label: "yes", arrived: new Date(event.getTime() + 3_600_000) }],
      event,
    )) as string;
    await expect(record(hours, { arrivedAt: "told_at" })).rejects.toMatchObject({
      code: "unfit",
      data: { refused: [{ reason: "it lies in the future", rows: 1 }] },
    });
    const followed = await told((i) => draw(i) < answered[i]!, 300, 0);
    const output = await record(followed);
    expect(output).toMatchObject({
      ...{ read: 300, added: 300, matched: 300, unmatched: [], refused: [] },
      matured: { entities: people, labelled: 300, share: 0.75 },
    });
    const receipt = await at.deps.evidence.newest("outcomes.recorded", { deployment: name });
    expect(receipt?.about.outcomes).toBe(output.outcomes);
    const same = await drift();
    expect(same.performance).toMatchObject({ verdict: "not_drifted" });
    expect(same.verdict).toBe("not_drifted");
    // Everybody's outcome is corrected to what no score told.
    const corrected = await record(await told((i) => i % 2 === 0, 300, 1));
    expect((corrected.corrected as number) + (corrected.repeated as number)).toBe(300);
    const worse = await drift();
    expect(worse).toMatchObject({ verdict: "drifted", performance: { verdict: "drifted" } });
    expect(worse.reason).toContain("the model got worse on matured labels");
    expect(worse.performance!.metrics.find(({ metric }) => metric === "roc_auc")).toMatchObject({ verdict: "drifted" });
  });
});
