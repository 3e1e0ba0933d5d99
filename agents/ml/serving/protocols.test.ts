import { get } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSegments } from "./segments.ts";
import { flatModel, lookedUpModel, noon, startServing, type TestServing } from "./testing.ts";

let serving: TestServing;
beforeAll(async () => {
  serving = await startServing([flatModel(7), lookedUpModel()]);
});
afterAll(() => serving.close());

const logistic = (x: number) => 1 / (1 + Math.exp(-x));
const ageDays = (day: string) => (noon.getTime() - Date.parse(day)) / 86_400_000;
/** The flat model's definition, worked by hand. */
const churn = (tenure: number | null, plan: string | null, member: boolean | null, joined: string | null) =>
  logistic(
    -0.8 * (((tenure ?? 10) - 10) / 5) +
      (plan === "pro" ? 0.6 : 0) +
      (plan === null ? 0.3 : 0) -
      0.2 * (member === null ? 0.5 : Number(member)) +
      0.05 * ((joined === null ? 0 : ageDays(joined)) / 1000),
  );

const tensor = (name: string, datatype: string, data: unknown[], shape = [data.length]) => ({
  name,
  datatype,
  shape,
  data,
});
const rows = {
  tenure: [3.5, null],
  plan: ["pro", null],
  member: [true, null],
  joined: ["2025-07-01", null],
};
const inputs = [
  tensor("tenure", "FP64", rows.tenure),
  tensor("plan", "BYTES", rows.plan, [2, 1]),
  tensor("member", "BOOL", rows.member),
  tensor("joined", "BYTES", rows.joined),
];
const wanted = [churn(3.5, "pro", true, "2025-07-01"), churn(null, null, null, null)];
const infer = "/v2/models/churn/infer";

describe("Open Inference Protocol v2", () => {
  test("answers with prediction and probabilities, echoes the id, names the version", async () => {
    const { status, body } = await serving.post(infer, { id: "mine", inputs });
    expect(status).toBe(200);
    expect(body).toMatchObject({ model_name: "churn", model_version: "7", id: "mine" });
    const [prediction, probabilities] = body.outputs;
    expect(prediction).toEqual({
      name: "prediction",
      datatype: "BYTES",
      shape: [2],
      data: wanted.map((p) => (p >= 0.4 ? "Yes" : "No")),
    });
    expect(probabilities).toMatchObject({ name: "probabilities", datatype: "FP32", shape: [2, 2] });
    wanted.forEach((p, row) => {
      expect(probabilities!.data[row * 2 + 1]).toBeCloseTo(p, 5);
      expect(probabilities!.data[row * 2]).toBeCloseTo(1 - p, 5);
    });
  });
  test("gives an id to a request without one", async () => {
    expect((await serving.post(infer, { inputs })).body.id).toMatch(/^req_/);
  });
  test("says what it is, whether it lives, and what a model takes and gives", async () => {
    expect((await serving.get("/v2")).body).toEqual({ name: "muster", version: "1.2.3", extensions: [] });
    expect((await serving.get("/v2/health/live")).status).toBe(200);
    expect((await serving.get("/v2/health/ready")).body).toEqual({ ready: true });
    expect((await serving.get("/v2/models/churn/versions/7/ready")).body).toEqual({ name: "churn", ready: true });
    const { body } = await serving.get("/v2/models/churn");
    expect(body).toMatchObject({
      name: "churn",
      versions: ["7"],
      inputs: [
        { name: "tenure", datatype: "FP64", shape: [-1, 1] },
        { name: "plan", datatype: "BYTES" },
        { name: "member", datatype: "BOOL" },
        { name: "joined", datatype: "BYTES", parameters: { type: "date" } },
      ],
      outputs: [
        { name: "prediction", datatype: "BYTES" },
        { name: "probabilities", datatype: "FP32", shape: [-1, 2], parameters: { classes: ["No", "Yes"] } },
      ],
      parameters: { task: "binary", threshold: 0.4 },
    });
    expect((await serving.get("/v2/models/load")).body).toMatchObject({
      inputs: [{ name: "customer", datatype: "INT64" }, { name: "seats" }],
    });
  });
  test("gives only the outputs that were asked for", async () => {
    const { body } = await serving.post(infer, { inputs, outputs: [{ name: "probabilities" }] });
    expect(body.outputs.map(({ name }) => name)).toEqual(["probabilities"]);
  });
  test("takes other numeric datatypes, nested data and a bare NaN for missing", async () => {
    const nested = [
      { ...tensor("tenure", "INT16", [[3], [4]]), shape: [2, 1] },
      tensor("member", "UINT8", [1, 0]),
      inputs[1],
      inputs[3],
    ];
    expect((await serving.post(infer, { inputs: nested })).status).toBe(200);
    const text = JSON.stringify({ inputs }).replace("3.5,null", "3.5,NaN");
    const { body } = await serving.post(infer, text);
    expect(body.outputs[1]!.data[3]).toBeCloseTo(wanted[1]!, 5);
  });
  test("looks features up by the entity's key and says how old they are", async () => {
    const request = (keys: number[]) => ({
      inputs: [
        tensor("customer", "INT64", keys),
        tensor(
          "seats",
          "INT64",
          keys.map(() => 5),
        ),
      ],
    });
    const { body } = await serving.post("/v2/models/load/infer", request([1, 2]));
    expect(body).toMatchObject({ parameters: { features_as_of: "2026-06-30T00:00:00.000Z" } });
    expect(body.outputs).toEqual([{ name: "prediction", datatype: "FP64", shape: [2], data: [46, -4] }]);
    const unknown = await serving.post("/v2/models/load/infer", request([1, 99887766]));
    expect(unknown.status).toBe(404);
    expect(unknown.body.error).toMatch(/row 1/);
    expect(unknown.body.error).not.toContain("99887766");
  });

  const change = (index: number, part: object) => ({
    inputs: inputs.map((input, i) => (i === index ? { ...input, ...part } : input)),
  });
  const wrong: Record<string, [unknown, RegExp]> = {
    "not JSON": ["{", /isn't valid JSON/],
    "no object": [[], /one JSON object/],
    "no inputs": [{}, /inputs must be/],
    "an id that is no string": [{ id: 5, inputs }, /id must be a string/],
    "a shape that doesn't fit the data": [change(0, { shape: [3] }), /tenure has 2 values, its shape says 3/],
    "two columns in one tensor": [change(0, { shape: [1, 2] }), /isn't \[n\] or \[n,1\]/],
    "an unknown datatype": [change(0, { datatype: "FLOAT" }), /no known datatype/],
    "a value that its datatype doesn't hold": [change(0, { datatype: "INT8", data: [1, 300] }), /row 1 that INT8/],
    "text for a number": [
      change(0, { datatype: "BYTES", data: ["3", "4"] }),
      /tenure is of type number: send it as FP64/,
    ],
    "a number for text": [change(1, { datatype: "FP64", data: [1, 2] }), /plan is of type text/],
    "a date that isn't in the calendar": [change(3, { data: ["2025-02-30", null] }), /joined.*row 0/],
    "different numbers of rows": [change(0, { shape: [1], data: [1] }), /different numbers of rows/],
    "no rows": [{ inputs: inputs.map((i) => ({ ...i, shape: [0], data: [] })) }, /no rows/],
    "a column that is missing": [{ inputs: inputs.slice(1) }, /needs tenure/],
    "a column that is unknown": [{ inputs: [...inputs, tensor("colour", "BYTES", ["a", "b"])] }, /doesn't know colour/],
    "one input twice": [{ inputs: [...inputs, inputs[0]] }, /tenure is there twice/],
    "an output that isn't there": [{ inputs, outputs: [{ name: "reason" }] }, /no output reason/],
    "binary data": [change(0, { parameters: { binary_data_size: 16 } }), /binary data/],
  };
  for (const [name, [body, message]] of Object.entries(wrong)) {
    test(`refuses ${name}`, async () => {
      const answer = await serving.post(infer, body);
      expect(answer.body.error).toMatch(message);
      expect([answer.status, Object.keys(answer.body)]).toEqual([400, ["error"]]);
    });
  }
  test("an unknown model, version or path is 404", async () => {
    for (const path of ["/v2/models/none/infer", "/v2/models/churn/versions/8/infer", "/v2/other"]) {
      expect((await serving.post(path, { inputs })).status).toBe(404);
    }
    expect((await serving.get("/v2/models/churn/versions/8")).body.error).toMatch(/version 7 only/);
  });
});

describe("MLflow's scoring protocol", () => {
  const names = Object.keys(rows);
  const data = [0, 1].map((row) => Object.values(rows).map((column) => column[row]));
  const records = data.map((row) => Object.fromEntries(row.map((value, i) => [names[i], value])));
  const call = (body: unknown, query = "?model=churn", headers?: Record<string, string>) =>
    serving.post(`/invocations${query}`, body, headers);
  const csv = { "content-type": "text/csv; charset=utf-8" };

  const forms: Record<string, unknown> = {
    dataframe_split: { dataframe_split: { columns: names, index: [0, 1], data } },
    dataframe_records: { dataframe_records: records, params: {} },
    "instances as records": { instances: records },
    "instances as lists": { instances: data },
    "inputs by column": { inputs: rows },
    "inputs by nested column": { inputs: { ...rows, tenure: [[3.5], [null]] } },
  };
  for (const [name, body] of Object.entries(forms)) {
    test(`answers ${name} as the other protocol does`, async () => {
      const answer = await call(body);
      const other = (await serving.post(infer, { inputs })).body.outputs;
      expect(answer.status).toBe(200);
      expect(answer.body.predictions.map((row) => row.prediction)).toEqual(other[0]!.data);
      expect(answer.body.predictions.flatMap(({ probabilities }) => [probabilities.No, probabilities.Yes])).toEqual(
        other[1]!.data,
      );
      expect(answer.headers.get("muster-model-version")).toBe("7");
    });
  }
  test("answers CSV, with the lake's words for missing", async () => {
    const answer = await call('tenure,plan,member,joined\r\n3.5,"pro",true,2025-07-01\r\n,NA,?,\r\n', undefined, csv);
    expect(answer.body).toEqual((await call(forms.dataframe_split)).body);
  });
  test("answers a regression with numbers, and says how old looked-up features are", async () => {
    const answer = await call({ dataframe_records: [{ customer: 1, seats: 5 }] }, "?model=load@champion");
    expect(answer.body).toEqual({ predictions: [46] });
    expect(answer.headers.get("muster-features-as-of")).toBe("2026-06-30T00:00:00.000Z");
    expect((await call({ instances: [[99, 5]] }, "?model=load/3")).status).toBe(404);
  });
  const wrong: Record<string, [unknown, RegExp]> = {
    "none of the keys": [{ data: [] }, /exactly one of dataframe_split, dataframe_records, instances, inputs/],
    "two of the keys": [{ instances: data, inputs: rows }, /exactly one of/],
    "params that the model doesn't take": [{ instances: data, params: { top: 3 } }, /takes no params/],
    "a row that is too short": [{ dataframe_split: { columns: names, data: [[1]] } }, /row 0 of dataframe_split/],
    "an unknown column": [{ inputs: { ...rows, colour: ["a", "b"] } }, /doesn't know colour/],
    "a missing column": [{ dataframe_records: [{ tenure: 1 }] }, /needs plan, member, joined/],
    "text for a number": [{ inputs: { ...rows, tenure: ["3", "4"] } }, /tenure is of type number/],
    "a number for text": [{ inputs: { ...rows, plan: [1, 2] } }, /plan is of type text/],
    "columns of different lengths": [{ inputs: { ...rows, tenure: [1] } }, /tenure has 1 rows, others 2/],
  };
  for (const [name, [body, message]] of Object.entries(wrong)) {
    test(`refuses ${name}`, async () => {
      const answer = await call(body);
      expect(answer.body.error).toMatch(message);
      expect(answer.status).toBe(400);
    });
  }
  test("leaves what the model doesn't take unread only where asked to, and says what", async () => {
    const more = { inputs: { ...rows, colour: ["a", "b"] } };
    const answer = await call(more, "?model=churn&extra=ignore");
    expect(answer.body).toEqual((await call({ inputs: rows })).body);
    expect(answer.headers.get("muster-columns-ignored")).toBe("colour");
    expect((await call(more, "?model=churn&extra=yes")).status).toBe(400);
    expect((await call({ inputs: { colour: ["a", "b"] } }, "?model=churn&extra=ignore")).status).toBe(400);
  });
  test("refuses other content types and names those it takes", async () => {
    const answer = await call("x", undefined, { "content-type": "text/plain" });
    expect([answer.status, answer.body.error]).toEqual([
      415,
      "the content type must be one of application/json, text/csv",
    ]);
  });
  test("wants ?model= when several are served, and knows only theirs", async () => {
    const answer = await call({ instances: data }, "");
    expect([answer.status, answer.body.error]).toEqual([400, expect.stringMatching(/one of churn, load/)]);
    expect((await call({ instances: data }, "?model=churn@challenger")).status).toBe(404);
    expect((await call({ instances: data }, "?model=other")).status).toBe(404);
    expect((await call({ instances: data }, "?model=churn&model=load")).status).toBe(400);
  });
  test("answers probes", async () => {
    for (const path of ["/ping", "/health"]) expect((await serving.get(path)).status).toBe(200);
    expect((await serving.get("/version")).text).toBe("1.2.3");
  });
});

test("metrics count requests, rows, errors and logged predictions, and the log holds what was served", async () => {
  const fresh = await startServing([flatModel(1), lookedUpModel()]);
  await fresh.post(infer, { id: "a", inputs });
  await fresh.post("/invocations?model=load", { instances: [[1, 5]] });
  await fresh.post(infer, {});
  await fresh.predictions.flush();
  const { text } = await fresh.get("/metrics");
  expect(text).toContain('muster_serving_requests_total{protocol="open_inference",model="churn",status="200"} 1');
  expect(text).toContain('muster_serving_errors_total{protocol="open_inference",model="",status="400"} 1');
  expect(text).toContain('muster_serving_rows_total{protocol="open_inference",model="churn"} 2');
  expect(text).toContain('muster_serving_request_seconds_count{protocol="mlflow",model="load"} 1');
  expect(text).toContain("muster_serving_predictions_logged_total 3");
  await fresh.close();
  const logged = [];
  for await (const segment of readSegments(fresh.folder)) logged.push(...segment.rows);
  expect(logged).toMatchObject([
    {
      request: "a",
      row: 0,
      model: "churn",
      version: 1,
      key: null,
      at: noon.toISOString(),
      features: { tenure: 3.5, plan: "pro", member: 1 },
    },
    { request: "a", row: 1, features: { tenure: null, plan: null, member: null, joined_age: null } },
    { request: "req_0", key: "1", features: { seats: 5, tickets_30: 4 }, prediction: 46, probabilities: null },
  ]);
  expect(logged[0]!.probabilities!.Yes).toBeCloseTo(wanted[0]!, 5);
});

test("a token is wanted everywhere but at the probes", async () => {
  const guarded = await startServing([flatModel(1)], "secret");
  const json = { "content-type": "application/json" };
  expect((await guarded.post(infer, { inputs }, { ...json, authorization: "Bearer wrong" })).status).toBe(403);
  expect((await guarded.post(infer, { inputs })).status).toBe(403);
  expect((await guarded.get("/metrics")).status).toBe(403);
  expect((await guarded.get("/nowhere")).status).toBe(403);
  expect((await guarded.get("/v2/health/live")).status).toBe(200);
  expect((await guarded.post(infer, { inputs }, { ...json, authorization: "Bearer secret" })).status).toBe(200);
  await guarded.close();
});

test("without a token only loopback names are answered", async () => {
  const { hostname, port } = new URL(serving.url);
  const status = await new Promise((resolve) =>
    get({ hostname, port, path: "/v2", headers: { host: "rebound.example" } }, (answer) => resolve(answer.statusCode)),
  );
  expect(status).toBe(403);
});

test("numbers too large for a finite answer are refused", async () => {
  const answer = await serving.post("/invocations?model=load", { instances: [[3, 1]] });
  expect([answer.status, answer.body.error]).toEqual([400, expect.stringMatching(/no finite prediction/)]);
});

test("a batch of many rows gives each row the answer it has alone", async () => {
  const many = Array.from({ length: 12_000 }, (_, i) => i);
  const { body, status } = await serving.post("/v2/models/load/infer", {
    inputs: [
      tensor(
        "customer",
        "INT64",
        many.map((i) => 1 + (i % 2)),
      ),
      tensor("seats", "INT64", many),
    ],
  });
  expect(status).toBe(200);
  expect(body.outputs[0]!.data).toEqual(many.map((i) => (i % 2 ? i - 9 : i + 41)));
});
