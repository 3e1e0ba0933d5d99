import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateSampleCompany, type SampleCompany } from "@muster/infra/sample-company/generate.ts";
import type { Feature } from "@muster/shared/domain/feature.ts";
import type { RequestView } from "@muster/shared/domain/request.ts";
import { openLake } from "@muster/shared/warehouse/lake.ts";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type ReceivedEvent, startReceiver } from "../support/lineage-receiver.ts";
import { againstPractice, againstSpec } from "../support/open-lineage-spec.ts";
import { stepOf } from "../support/story.ts";
import { startSwarm, type TestSwarm } from "../support/swarm.ts";

type Reach = Record<"datasets" | "columns" | "views" | "features" | "models" | "deployments" | "live", string[]>;
type Lineage = {
  graph: string | null;
  up: Reach | null;
  down: Reach | null;
  edges: { job: string; how: string[] }[];
  verdict: string;
};

describe("the lineage of churn in the sample company", () => {
  const folder = mkdtempSync(join(tmpdir(), "muster-lineage-"));
  let it: TestSwarm;
  let receiver: Awaited<ReturnType<typeof startReceiver>>;
  let sample: SampleCompany;
  let view: RequestView;
  let features: Feature[];

  beforeAll(async () => {
    receiver = await startReceiver();
    vi.stubEnv("OPENLINEAGE_URL", receiver.url);
    vi.stubEnv("MUSTER_PRIVATE_HOSTS", "127.0.0.1");
    [it, sample] = await Promise.all([
      startSwarm(),
      generateSampleCompany(folder, { seed: 20260701, customers: 3000 }),
    ]);
    for (const { path, ...more } of sample.files) expect((await it.owner.load(path, more)).status).toBe(201);
    const asked = await it.owner.http<{ id: string }>("POST", "/v1/requests", {
      text: "I want to predict customer churn for Q3",
    });
    await killCatalogAt(asked.body.id, "pipeline.materialize_features");
    view = await it.owner.settle(asked.body.id);
    expect(view).toMatchObject({ status: "succeeded", error: null });
    ({ features } = stepOf(view, "ml.suggest_features")!.output as { features: Feature[] });
  }, 300_000);
  afterAll(async () => {
    vi.unstubAllEnvs();
    await it?.stop();
    await receiver?.stop();
    rmSync(folder, { recursive: true });
  });

  /** Kills the process that reads and sends lineage once a step has begun. */
  async function killCatalogAt(id: string, tool: string): Promise<void> {
    for (;;) {
      const { body } = await it.owner.http<RequestView>("GET", `/v1/requests/${id}`);
      if (body.plan.some((step) => step.tool === tool && step.status !== "waiting")) break;
      expect(["planning", "running"]).toContain(body.status);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    process.kill(it.swarm.processes().find(({ name }) => name === "catalog")!.pid!, "SIGKILL");
  }
  const lineage = async (input: object): Promise<Lineage> => {
    const { status, body } = await it.owner.call<{ output: Lineage }>("catalog.get_lineage", input);
    expect([status, body]).toEqual([200, expect.anything()]);
    const { graph } = body.output;
    return graph === null ? body.output : (await it.owner.http<Lineage>("GET", `/v1/artifacts/${graph}`)).body;
  };
  const ended = () => receiver.events.filter(({ eventType }) => eventType !== "START");
  const wrote = (event: ReceivedEvent) =>
    event.outputs.map(({ name, facets }) => `${name}@${facets.version?.datasetVersion ?? ""}`);
  const eventsOf = (tool: string) => ended().filter(({ job }) => job.name.startsWith(`${tool}.`));

  test("every version that stands in the lake, and the model and its deployment, are told as written by a run", async () => {
    const lake = await openLake(it.home);
    const names = (await lake.list()).map(({ name }) => name);
    const pins = (await Promise.all(names.map((name) => lake.versions(name)))).flat();
    expect(pins.length).toBeGreaterThan(8);
    const { hash, name } = view.answer!.model!;
    const wanted = [...pins, `models/${name}@${hash}`, `deployments/${name}@${hash}`];
    await vi.waitFor(() => expect(ended().flatMap(wrote)).toEqual(expect.arrayContaining(wanted)), 60_000);
  });

  test("every event keeps the spec; every run has one start and one end that names what it read and wrote", () => {
    expect(receiver.events.flatMap(againstSpec)).toEqual([]);
    // The killed process may have sent a run and not have noted it: what comes again is the same.
    const runs = receiver
      .byRun()
      .map((events) => [...new Map(events.map((event) => [JSON.stringify(event), event])).values()]);
    expect(runs.length).toBeGreaterThan(15);
    expect(runs.flatMap(againstPractice)).toEqual([]);
    const checked = eventsOf("quality.check_training_set")[0]!.inputs[0]!;
    const { assertions } = checked.inputFacets!.dataQualityAssertions!;
    expect(assertions.length).toBeGreaterThan(3);
    expect(assertions.every(({ success }) => success)).toBe(true);
  });

  test("column lineage that is sent names the columns of every feature of the matrix", () => {
    const [training] = eventsOf("pipeline.materialize_features").flatMap(({ outputs }) =>
      outputs.filter(({ name }) => name.endsWith("_training")),
    );
    const { fields } = training!.facets.columnLineage!;
    const columns = training!.facets.schema!.fields.map(({ name }) => name);
    expect(columns.filter((name) => !name.startsWith("__")).sort()).toEqual(
      Object.keys(fields)
        .filter((name) => !name.startsWith("__"))
        .sort(),
    );
    for (const { name } of features)
      expect(
        fields[name]!.inputFields.filter(({ name: dataset }) => !dataset.startsWith("views/")).length,
      ).toBeGreaterThan(0);
  });

  test("a column reaches exactly the features that read it, and through them what is live", async () => {
    const read = features.find((feature) => feature.kind === "window" && feature.column !== null);
    const { table, column } = read as Extract<Feature, { kind: "window" }>;
    const { down } = await lineage({ dataset: `${table}.${column}`, direction: "down" });
    const [name] = down!.views;
    const reading = features.filter((one) => {
      const of = { ...one, name: "" };
      return "table" in of && of.table === table && Object.values(of).flat().includes(column!);
    });
    expect(reading.length).toBeGreaterThan(0);
    const reached = down!.features.map((one) => one.slice(name!.length + 1));
    expect(reached).toEqual(expect.arrayContaining(reading.map((one) => one.name)));
    for (const one of features.filter(({ name: feature }) => reached.includes(feature)))
      expect(JSON.stringify(one)).toContain(`"${column}"`);
    const model = view.answer!.model!.name;
    expect(down).toMatchObject({ live: [model], models: expect.arrayContaining([model]) });
    expect(down!.datasets).toEqual(expect.arrayContaining([`${model}_scores`]));
  });

  test("a personal column, which nothing may learn from, reaches no feature and nothing live", async () => {
    const { table, columns } = sample.truth.pii.direct;
    for (const column of columns) {
      const { down } = await lineage({ dataset: table, column, direction: "down" });
      expect([column, down]).toEqual([column, expect.objectContaining({ features: [], models: [], live: [] })]);
    }
  });

  test("what the scores were made of is found back to the files", async () => {
    const model = view.answer!.model!.name;
    const { up } = await lineage({ dataset: `${model}_scores.prediction`, direction: "up" });
    const tables = new Set(features.flatMap((feature) => ("table" in feature ? [feature.table] : [])));
    expect(up!.datasets).toEqual(expect.arrayContaining([...tables]));
    expect(up!.datasets.some((name) => name.startsWith("file inbox/"))).toBe(true);
    expect(up!.features.length).toBeGreaterThan(3);
    const whole = await lineage({ deployment: model, direction: "up" });
    expect(whole.up!.datasets).toEqual(expect.arrayContaining([...tables]));
    expect(whole.up!.models).toContain(model);
  });

  test("somebody else's job before our table shows in the impact of its column, down to what is live", async () => {
    const read = features.find((feature) => feature.kind === "window" && feature.column !== null);
    const { table, column } = read as Extract<Feature, { kind: "window" }>;
    const source = { namespace: "postgres://crm.example:5432", name: "crm.public.events" };
    const columnLineage = {
      ...{
        _producer: "https://github.com/dbt-labs/dbt",
        _schemaURL: "https://openlineage.io/spec/facets/1-2-0/ColumnLineageDatasetFacet.json",
      },
      fields: { [column!]: { inputFields: [{ ...source, field: "minutes" }] } },
    };
    const event = {
      ...{ eventType: "COMPLETE", eventTime: "2026-11-20T06:00:00.000Z", producer: "https://github.com/dbt-labs/dbt" },
      schemaURL: "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
      run: {
        runId: "3f5e83fa-3480-44ff-99c5-ff943904e5e8",
        facets: { processing_engine: { version: "1.9", name: "dbt" } },
      },
      job: { namespace: "dbt", name: "crm.export", facets: { sql: { query: "select 1" } } },
      inputs: [{ ...source, facets: {} }],
      outputs: [{ namespace: "muster", name: table, facets: { columnLineage } }],
    };
    const post = (body: object, token = it.owner.token) =>
      it.owner.http("POST", "/v1/lineage", body, { authorization: `Bearer ${token}` });
    expect((await post(event, "nobody")).status).toBe(401);
    const viewer = await it.addPerson("vera", ["viewer"]);
    expect((await post(event, viewer.token)).status).toBe(403);
    expect((await lineage({ dataset: table, direction: "up" })).up!.datasets).not.toContain(
      `${source.namespace} ${source.name}`,
    );
    expect(await post(event)).toMatchObject({ status: 201, body: { recorded: true, ours: [table] } });
    expect(await post(event)).toMatchObject({ status: 200, body: { recorded: false } });
    expect((await post({ ...event, eventTime: "soon" })).body).toMatchObject({ error: { code: "invalid_input" } });
    const { namespace, name } = source;
    const { down, edges } = await lineage({ dataset: name, namespace, column: "minutes", direction: "down" });
    expect(down).toMatchObject({
      live: [view.answer!.model!.name],
      columns: expect.arrayContaining([`${table}.${column}`]),
    });
    expect(edges.map(({ job }) => job)).toContain("dbt crm.export");
    // What others said isn't sent on as ours.
    expect(receiver.events.some(({ job }) => job.namespace === "dbt")).toBe(false);
  });
});
