import { call } from "@muster/bus/call.ts";
import type { Process } from "@muster/bus/process.ts";
import { DatasetPin, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { z } from "zod";
import type { CatalogView } from "./understand/understand.ts";

/** What a request is understood against: the catalog's datasets by name, type and count, never by value; and what is deployed. */
export async function catalogView(process: Process, request: string): Promise<CatalogView> {
  const on = (tool: string) => ({
    tool,
    input: {},
    key: `${request}:view:${tool}`,
    request,
    effect: "read" as const,
    deadline: Date.now() + 20_000,
  });
  const [datasets, live] = await Promise.all([
    call(process, on("catalog.list_datasets")),
    process.evidence.standing("deployment.live", {}, 500),
  ]);
  const listed = await output<{ datasets: (CatalogView["datasets"][number] & { version: string })[] }>(
    process,
    datasets.output,
  );
  const newest = new Map(listed.datasets.map(({ name, version }) => [name, version]));
  const deployments = await Promise.all(
    live.map(async (receipt) => {
      const value = await process.evidence.value<"deployment.live">(receipt);
      const problem = await process.evidence.newest("problem.defined", { problem: receipt.about.problem });
      const defined = problem ? await process.evidence.value<"problem.defined">(problem) : null;
      const { dataset = "", target = "", exclusions = [] } = defined ?? {};
      const exclude = await excludedFrom(process, receipt.about.view);
      const asked = defined && { hash: defined.hash, kind: defined.label.kind, columns: spokenOf(defined) };
      const scope = z.array(DatasetPin).catch([]).parse(receipt.about.scope).map(parseDatasetRef);
      const changed = scope.filter((pin) => newest.get(pin.name) !== pin.version).map((pin) => pin.name);
      return { name: value.name, dataset, target, exclusions, exclude, changed, ...(asked && { problem: asked }) };
    }),
  );
  return { datasets: listed.datasets, deployments };
}

/** The columns that a problem speaks of: whose it is, and what is asked of the rows. */
function spokenOf({ entity, label }: Problem): string[] {
  const of = [
    entity,
    "column" in label ? label.column : null,
    "times" in label ? label.times : null,
    "series" in label ? label.series : null,
    ...("where" in label ? label.where.map(({ column }) => column) : []),
  ];
  return of.filter((name) => name !== null);
}

/** The suggested features that a view was made without. */
async function excludedFrom({ evidence }: Process, view: unknown): Promise<string[]> {
  const made = await evidence.newest("view.defined", { view });
  const uses = made ? [...(await evidence.load(made.uses)).values()] : [];
  return z.array(z.string()).parse(uses.find(({ fact }) => fact === "features.suggested")?.about.exclude ?? []);
}

/** An output as it is, or fetched where it was too large for the bus. */
async function output<T>(process: Process, value: unknown): Promise<T> {
  const hash = (value as { artifact?: string }).artifact;
  return hash ? (JSON.parse(Buffer.from(await process.evidence.artifact(hash)).toString("utf8")) as T) : (value as T);
}
