import { sha256 } from "@muster/shared/canonical.ts";
import { Fault } from "@muster/shared/fault.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { describe, expect, test } from "vitest";
import type { FittedModel } from "../fitted.ts";
import { inspect } from "./allow.ts";
import { compile } from "./compile.ts";
import { encodeModel, type GraphProto, type NodeProto } from "./proto.ts";
import { protoWriter } from "./protobuf.ts";
import { openModel } from "./run.ts";

const model: FittedModel = {
  task: "binary",
  classes: ["no", "yes"],
  inputs: [
    { name: "tenure", type: "number" },
    { name: "plan", type: "category" },
  ],
  encoding: [
    { op: "number", input: 0, impute: 1, mean: 2, scale: 3 },
    { op: "target", input: 1, values: { basic: 0.2 }, prior: 0.1 },
  ],
  estimator: { kind: "linear", coefficients: [[0.5, -0.25]], intercept: [0.1], link: "logistic" },
  calibration: { kind: "none" },
  threshold: 0.4,
};
const good = compile(model);
const refusal = expect.objectContaining({ code: "invalid_input" });

function withNode(node: Partial<NodeProto>): Uint8Array {
  const whole: NodeProto = { op: "Identity", domain: "", inputs: ["x"], outputs: ["y"], attributes: [], ...node };
  const value = { type: "double" as const, dims: ["n", 1] };
  const graph: GraphProto = {
    name: "g",
    nodes: [whole],
    initializers: [],
    inputs: [{ name: "x", ...value }],
    outputs: [{ name: "y", ...value }],
  };
  return encodeModel({ graph, producer: "someone", metadata: {} });
}

/** A model file whose graph holds one more field, as raw bytes. */
function withGraphField(field: number, bytes: Uint8Array): Uint8Array {
  const graph = protoWriter();
  graph.bytes(field, bytes);
  const file = protoWriter();
  file.int(1, 8);
  file.bytes(7, graph.finish());
  return file.finish();
}

test("says which operators, inputs and outputs a compiled model has", () => {
  const contents = inspect(good);
  expect(contents.inputs).toEqual(["tenure", "plan"]);
  expect(contents.outputs.sort()).toEqual(["label", "margin", "probabilities"]);
  expect(contents.operators).toContain("ai.onnx.ml:LabelEncoder");
  expect(contents.operators).toContain("MatMul");
});

describe("refuses", () => {
  test("an operator that isn't on the list, in any domain", () => {
    expect(() => inspect(withNode({ op: "Loop" }))).toThrow(/"Loop" isn't allowed/);
    expect(() => inspect(withNode({ op: "Add", domain: "ai.onnx.ml" }))).toThrow(refusal);
    expect(() => inspect(withNode({}))).not.toThrow();
  });
  test("data outside of the file", () => {
    for (const field of [13, 14]) {
      const tensor = protoWriter();
      tensor.ints(1, [1]);
      tensor.int(2, 1);
      if (field === 14) tensor.int(14, 1);
      else tensor.bytes(13, new Uint8Array([10, 1, 97]));
      expect(() => inspect(withGraphField(5, tensor.finish()))).toThrow(/outside of itself/);
    }
  });
  test("a constant whose shape promises more than its bytes", () => {
    const tensor = protoWriter();
    tensor.ints(1, [1_000_000, 1_000_000]);
    tensor.int(2, 11);
    tensor.bytes(9, new Uint8Array(8));
    expect(() => inspect(withGraphField(5, tensor.finish()))).toThrow(/another size than its shape/);
  });
  test("sparse constants, functions, training parts and subgraphs", () => {
    expect(() => inspect(withGraphField(15, new Uint8Array(0)))).toThrow(refusal);
    for (const field of [20, 25]) {
      const file = protoWriter();
      file.bytes(field, new Uint8Array(0));
      expect(() => inspect(Buffer.concat([good, file.finish()]))).toThrow(/besides its graph/);
    }
    const attribute = protoWriter();
    attribute.text(1, "body");
    attribute.bytes(6, new Uint8Array(0));
    const node = protoWriter();
    node.text(4, "Identity");
    node.bytes(5, attribute.finish());
    expect(() => inspect(withGraphField(1, node.finish()))).toThrow(/a tensor or a graph/);
  });
  test("a newer or unknown operator set", () => {
    for (const [domain, version] of [
      ["", 99],
      ["com.example", 1],
    ] as const) {
      const set = protoWriter();
      set.text(1, domain);
      set.int(2, version);
      const file = protoWriter();
      file.bytes(8, set.finish());
      expect(() => inspect(Buffer.concat([good, file.finish()]))).toThrow(/operator set/);
    }
  });
  test("more bytes than the limit, and no graph at all", () => {
    expect(() => inspect(good, good.length - 1)).toThrow(/the limit is/);
    expect(() => inspect(new Uint8Array(0))).toThrow(refusal);
  });
  test("bytes that were cut off or changed, without ever throwing anything else", async () => {
    const random = seededRandom(3);
    for (let i = 0; i < 400; i++) {
      const bytes = good.slice(0, i % 4 === 0 ? Math.floor(random() * good.length) : good.length);
      for (let k = 0; k < i % 5; k++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      try {
        inspect(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(Fault);
      }
    }
  });
});

test("bytes with another hash than the registered one are not opened", async () => {
  const changed = good.slice();
  changed[changed.length - 2]! ^= 1;
  await expect(openModel(changed, { expectedSha256: sha256(good) })).rejects.toMatchObject({
    code: "precondition_failed",
  });
});

test("bytes that pass the list but that the runtime can't open end in a clear error", async () => {
  const bytes = withNode({ inputs: ["nowhere"] });
  await expect(openModel(bytes, { expectedSha256: sha256(bytes) })).rejects.toMatchObject({ code: "invalid_input" });
});

test("a missing, wrong or shorter column is named", async () => {
  const open = await openModel(good, { expectedSha256: sha256(good) });
  const tenure = { name: "tenure", type: "number" as const, values: Float64Array.of(1, 2) };
  const plan = (values: string[]) => ({ name: "plan", type: "category" as const, values });
  await expect(open.run([tenure])).rejects.toThrow(/needs the feature plan/);
  await expect(open.run([{ ...tenure, name: "plan" }, tenure])).rejects.toThrow(/plan as category/);
  await expect(open.run([tenure, plan(["basic"])])).rejects.toThrow(/different numbers of rows/);
  expect((await open.run([tenure, plan(["basic", ""])])).rows).toBe(2);
  await open.close();
});
