import type { FittedModel } from "../fitted.ts";

/** A fitted model from its artifact, whose hash stands in the run's receipt: our own trainer wrote it. */
export async function loadFitted(hash: string, artifact: (hash: string) => Promise<Uint8Array>): Promise<FittedModel> {
  return JSON.parse(Buffer.from(await artifact(hash)).toString("utf8")) as FittedModel;
}
