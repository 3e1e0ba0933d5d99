import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "@muster/shared/canonical.ts";
import type { RequestView } from "@muster/shared/domain/request.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { strayFigures } from "../../agents/planner/answer/figures.ts";
import { commandLine } from "../support/command-line.ts";
import {
  afterDecision,
  effectsOf,
  firstLines,
  publicDatasets,
  publicFile,
  serve,
  servedRows,
  toolsDone,
} from "../support/story.ts";
import { startSwarm, type TestSwarm } from "../support/swarm.ts";

const question = "I want to predict customer churn";
const file = publicFile("telco_churn", "telco_churn.csv");

describe.skipIf(!publicDatasets())("customer churn from one flat table", () => {
  let it: TestSwarm;
  let view: RequestView;
  const model = () => view.answer!.model!;
  const raced = () => model().candidates.filter((candidate) => candidate.cv.roc_auc !== undefined);

  beforeAll(async () => {
    it = await startSwarm();
    expect((await it.owner.load(file)).status).toBe(201);
  }, 120_000);
  afterAll(() => it?.stop());

  describe("what may not be done leaves nothing behind", () => {
    const untouched = async (ask: () => Promise<RequestView>): Promise<RequestView> => {
      const before = await effectsOf(it.owner);
      const asked = await ask();
      expect(await effectsOf(it.owner)).toEqual(before);
      return asked;
    };

    test("another purpose than the policy knows is denied", async () => {
      const asked = await untouched(() => it.owner.ask(question, { purpose: "marketing" }));
      expect(asked).toMatchObject({
        status: "failed",
        answer: null,
        error: { code: "denied", message: expect.stringContaining("marketing") },
      });
      expect(toolsDone(asked)).not.toContain("pipeline.build_labels");
    });

    test("observe shows the plan and does none of it", async () => {
      const asked = await untouched(() => it.owner.ask(question, { autonomy: "observe" }));
      expect(asked.status).toBe("succeeded");
      expect(asked.plan.length).toBeGreaterThan(0);
      expect(new Set(asked.plan.map((step) => step.status))).toEqual(new Set(["waiting"]));
    });

    test("propose waits for a yes; a no ends it", async () => {
      const asked = await untouched(async () => {
        const waiting = await it.owner.ask(question, { autonomy: "propose" });
        expect(waiting).toMatchObject({ status: "awaiting_approval", approval: { role: "asker" } });
        expect(toolsDone(waiting)).toEqual([]);
        const { status } = await it.owner.http("POST", `/v1/requests/${waiting.id}/reject`, {});
        expect(status).toBe(200);
        return afterDecision(it.owner, waiting.id);
      });
      expect(asked).toMatchObject({ status: "failed", approval: null, error: { code: "denied" } });
      const again = await it.owner.http("POST", `/v1/requests/${asked.id}/approve`, {});
      expect(again).toMatchObject({ status: 409, body: { error: { code: "conflict" } } });
    });

    test("a budget of nothing refuses before anything is trained", async () => {
      const asked = await it.owner.ask(question, { budgetUsd: 0 });
      expect(asked).toMatchObject({ status: "failed", error: { code: "over_budget" } });
      expect(toolsDone(asked)).not.toContain("ml.train_model");
      expect(await effectsOf(it.owner)).toMatchObject({ runs: 0, models: 0, deployments: 0, schedules: 0 });
    });
  });

  describe("the main job, proposed first", () => {
    test("two approvals at once are one, and one run", async () => {
      const waiting = await it.owner.ask(question, { autonomy: "propose" });
      expect(waiting.status).toBe("awaiting_approval");
      const body = { approval: waiting.approval!.id };
      const said = await Promise.all(
        [0, 1].map(() => it.owner.http("POST", `/v1/requests/${waiting.id}/approve`, body)),
      );
      expect(said.map(({ status }) => status).sort()[0]).toBe(200);
      view = await afterDecision(it.owner, waiting.id);
      expect(view).toMatchObject({ status: "succeeded", question: null, error: null });
      expect(await effectsOf(it.owner)).toMatchObject({ runs: 1, models: 1, deployments: 1, schedules: 1 });
    }, 120_000);

    test("linear models and trees were raced, and the best reaches what is known of this table", () => {
      const algorithms = new Set(raced().map((candidate) => candidate.algorithm));
      for (const algorithm of ["constant", "linear", "xgboost"]) expect(algorithms).toContain(algorithm);
      expect(model().cv.roc_auc!.mean).toBeGreaterThanOrEqual(0.84);
      expect(model().intervals.roc_auc!.length).toBe(2);
      expect(model().holdoutLook).toBe(1);
      expect(strayFigures(view.answer!.text, view.answer!)).toEqual([]);
    });

    test("the customer's id names its row and is no feature", () => {
      expect(JSON.stringify(model().features)).not.toMatch(/customerid/i);
      expect(model().dropped.map(({ name }) => name.toLowerCase())).toContain("telco_churn.customerid");
    });

    test("every row is scored, and serving takes the file's own cells", async () => {
      expect(view.answer!.predictions!.rows).toBe(7043);
      const name = view.answer!.deployment!.name;
      const { inputs } = await servedRows(it, name, { dataset: "telco_churn", where: "true", rows: 1 });
      const taken = inputs.map((input) => input.name);
      expect(inputs.filter((input) => input.parameters.optional).map((input) => input.name)).toEqual(["customerID"]);
      expect(taken).not.toContain("Churn");
      const [header, ...rows] = cells(firstLines(file, 201));
      const places = taken.map((column) => header!.indexOf(column));
      const csv = [taken, ...rows.map((row) => places.map((place) => row[place]))]
        .map((row) => row.join(","))
        .join("\n");
      const whole = await serve(it, `/invocations?model=${name}`, firstLines(file, 201));
      expect(whole).toMatchObject({ status: 400, body: { error: expect.stringMatching(/doesn't know Churn;/) } });
      const asked = await serve(it, `/invocations?model=${name}&extra=ignore`, firstLines(file, 201));
      const { status, body } = await serve(it, `/invocations?model=${name}`, csv);
      expect(asked).toMatchObject({ status: 200, body });
      expect(status).toBe(200);
      const predictions = body.predictions as { prediction: string; probabilities: Record<string, number> }[];
      expect(predictions).toHaveLength(200);
      const mean = (label: string) => {
        const of = predictions.filter((_, i) => rows[i]!.at(-1) === label);
        return of.reduce((sum, one) => sum + one.probabilities.Yes!, 0) / of.length;
      };
      expect(mean("Yes")).toBeGreaterThan(mean("No") + 0.15);
    });

    test("the run is exported into a folder by the command line; to nobody else, and not the sealed rows", async () => {
      const { body } = await it.owner.http<{ runs: { run: string }[] }>("GET", "/v1/runs?max_results=1");
      const [{ run }] = body.runs as [{ run: string }];
      const folder = join(it.home, "mine");
      const exported = await commandLine(it, ["export", run, folder]);
      expect(exported).toMatchObject({ run, folder });
      expect(readdirSync(folder)).toEqual(
        expect.arrayContaining(["training.parquet", "holdout_predictions.parquet", "model.onnx", "reproduce.ipynb"]),
      );
      const recorded = JSON.parse(readFileSync(join(folder, "recorded.json"), "utf8"));
      expect(recorded.holdout.metrics).toEqual(model().metrics);
      expect(sha256(readFileSync(join(folder, "model.onnx")))).toBe(model().hash);
      await expect(commandLine(it, ["export", run, folder])).rejects.toMatchObject({ code: "conflict" });
      await expect(commandLine(it, ["export", "run_nobody", `${folder}2`])).rejects.toMatchObject({
        code: "not_found",
      });

      const { body: requests } = await it.owner.http<{ requests: { id: string; text: string }[] }>(
        "GET",
        "/v1/requests",
      );
      const { id } = requests.requests.find(({ text }) => text === "call ml.export_run")!;
      const eve = await it.addPerson("eve", ["engineer"]);
      const rows = `/v1/exports/${id}/training.parquet`;
      expect(await eve.http("GET", rows)).toMatchObject({ status: 404, body: { error: { code: "not_found" } } });
      expect(await it.owner.http("GET", `/v1/exports/${id}/holdout.parquet`)).toMatchObject({ status: 404 });
      expect((await fetch(`${it.swarm.urls.gateway}${rows}`)).status).toBe(401);
    }, 60_000);
  });

  /** The cells of a CSV that quotes none. */
  const cells = (text: string): string[][] =>
    text
      .trim()
      .split(/\r?\n/)
      .map((line) => line.split(","));
});
