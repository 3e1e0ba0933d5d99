import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { canonical } from "@muster/shared/canonical.ts";
import { OutsideColumn } from "@muster/shared/domain/outside-model.ts";
import { inboxFolder } from "@muster/shared/home.ts";
import { openInboxFile } from "@muster/shared/warehouse/inbox.ts";
import { z } from "zod";
import { assemble } from "../adopt/assemble.ts";
import { readModelFile } from "../adopt/read-model-file.ts";
import { GivenSignature, inputsOf } from "../adopt/signature.ts";
import type { MlDeps } from "../index.ts";

/** The largest model file that is taken: far more than any table's model has. */
const mostBytes = 64 * 1024 * 1024;

export const offerModel = tool({
  name: "offer_model",
  does: "Takes a model that was made outside (XGBoost JSON or ONNX, from the inbox) with its signature, read and checked, so that register_model with `outside` can bring it through the same gates as any other.",
  effect: "write",
  input: z.object({
    /** A file of the inbox: XGBoost's `save_model("….json")`, or ONNX of a tree ensemble or a linear model. */
    file: z.string().min(1).max(400),
    signature: GivenSignature.optional(),
  }),
  output: z.object({
    outside: z.string(),
    kind: z.enum(["xgboost", "onnx"]),
    source: z.string(),
    task: z.enum(["binary", "multiclass", "regression"]),
    classes: z.array(z.string()),
    columns: z.array(OutsideColumn),
    verdict: z.string(),
  }),
  cost: { ms: 300 },
  run: async ({ file, signature = {} }, context: Context & MlDeps) => {
    const { home, outside: offered, putArtifact, commit, request, person, now, id } = context;
    const { handle, name } = await openInboxFile(inboxFolder(home), file, mostBytes);
    const bytes = await handle.readFile().finally(() => handle.close());
    const { kind, read } = readModelFile(bytes);
    const { fitted, columns } = assemble(read, inputsOf(signature, read), signature);
    const model = {
      ...{ id: id("out"), kind, columns },
      source: await putArtifact(bytes, kind === "onnx" ? "application/onnx" : "application/json"),
      fitted: await putArtifact(Buffer.from(canonical(fitted)), "application/json"),
    };
    commit((trx) => offered.insert(trx, { model, file: name, request, person, at: now().toISOString() }));
    const { task, classes, estimator } = fitted;
    const what = estimator.kind === "trees" ? `${estimator.trees.length} trees` : "a linear model";
    const unnamed =
      task !== "regression" && classes.length === 0 ? "; its classes are those of the label, in order" : "";
    const verdict = `${name} holds ${what} over ${columns.length} columns (${task})${unnamed}; ${model.id} is what register_model takes as outside`;
    return { ...{ outside: model.id, kind, source: model.source, task, classes, columns }, verdict };
  },
});
