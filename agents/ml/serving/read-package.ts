import { fault } from "@muster/shared/fault.ts";
import { ServingPackage } from "./package.ts";
import type { Deployment } from "./store.ts";

/** The package of a deployment from its artifact; `internal` where the two name other bytes. */
export async function readPackage(
  deployment: Pick<Deployment, "name" | "hash" | "package">,
  artifact: (hash: string) => Promise<Uint8Array>,
): Promise<ServingPackage> {
  const text = Buffer.from(await artifact(deployment.package)).toString("utf8");
  const served = ServingPackage.parse(JSON.parse(text));
  if (served.hash !== deployment.hash || served.name !== deployment.name)
    throw fault("internal", `the package of ${deployment.name} names another model; deploy it again`);
  return served;
}
