import { expect, test } from "vitest";
import { readModelUri } from "./model-uri.ts";

test.each([
  ["models:/churn/3", { kind: "version", name: "churn", version: 3 }],
  ["models:/churn@champion", { kind: "alias", name: "churn", alias: "champion" }],
  ["models:/churn", { kind: "name", name: "churn" }],
  ["churn", { kind: "name", name: "churn" }],
  ["runs:/run_01ab", { kind: "run", run: "run_01ab", path: null }],
  ["runs:/run_01ab/holdout/predictions.json", { kind: "run", run: "run_01ab", path: "holdout/predictions.json" }],
  ["run_01ab", { kind: "run", run: "run_01ab", path: null }],
])("%s is read", (text, uri) => expect(readModelUri(text)).toEqual(uri));

test.each([
  "models:/Churn/1",
  "models:/churn/latest",
  "models://churn/1",
  "runs:/churn",
  "",
  "churn/1",
  "models:/churn/1/2",
])("%j isn't one", (text) => expect(readModelUri(text)).toBeNull());
