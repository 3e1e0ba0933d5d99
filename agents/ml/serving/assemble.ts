import type { Context } from "@muster/bus/context.ts";
import type { Need } from "@muster/bus/tool.ts";
import { canonical } from "@muster/shared/canonical.ts";
import { type DatasetPin, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { FittedModel } from "../fitted.ts";
import { loadFitted } from "../scoring/load-fitted.ts";
import type { ServingDeps } from "./deps.ts";
import { type PackageParts, packageOf, type ServingPackage } from "./package.ts";
import { proveServable } from "./prove-servable.ts";

/** What a tool that puts a registered version before users needs, as `Shown` and with the clearance for it. */
export const goingLiveNeeds = [
  { is: "problem.defined", as: "problem" },
  { is: "model.registered", as: "registered" },
  { is: "run.finished", as: "run" },
  { is: "view.registered", as: "view" },
  { is: "deployment.cleared", as: "cleared" },
  { is: "features.materialized", role: "scoring", as: "scoring" },
] as const satisfies readonly Need[];

/** What a version to serve is made from: the values of the receipts that going live wants to see. */
export type Shown = Pick<PackageParts, "problem" | "registered" | "run" | "view" | "scoring">;

/** A version ready to be served: its package with the artifact's hash, and on how many rows its graph agreed with the reference. */
export type Assembled = { served: ServingPackage; package: string; fitted: FittedModel; compared: number };

/**
 * Makes the package of a registered version and proves that it can be served. `precondition_failed` where the registered model
 * isn't the run's, `unfit` where its graph differs from the reference.
 */
export async function assemble(
  { problem, registered, run, view, scoring }: Shown,
  context: Context & Pick<ServingDeps, "lake" | "keyed">,
): Promise<Assembled> {
  if (registered.hash !== run.model || run.artifacts.onnx !== run.model)
    throw fault("precondition_failed", "the registered model isn't the one that this run trained; register it again");
  const onnx = await context.getArtifact(registered.hash);
  const fitted = await loadFitted(run.artifacts.fitted, context.getArtifact);
  const scope = scopeOf(context);
  const served = packageOf({
    ...{ problem, registered, run, view, scoring, fitted, scope },
    source: await context.lake.manifest(pinIn(scope, problem.dataset)),
  });
  const newest = { dataset: served.scoring, asOf: scoring.asOf };
  const compared = await proveServable(served, fitted, onnx, newest, context);
  const parts = await context.putArtifact(Buffer.from(canonical(served)), "application/json");
  return { served, package: parts, fitted, compared };
}

/** The pinned dataset versions that the shown receipts are about. */
function scopeOf({ shown }: Context): DatasetPin[] {
  return z.array(z.string()).parse(shown.find(({ fact }) => fact === "model.registered")?.about.scope);
}

function pinIn(scope: readonly DatasetPin[], dataset: string): DatasetPin {
  const pin = scope.find((one) => parseDatasetRef(one).name === dataset);
  if (!pin) throw fault("broken_contract", `the scope doesn't hold the label's dataset ${dataset}`);
  return pin;
}
