import { DatasetName } from "@muster/shared/domain/dataset.ts";
import { Fault, type FaultCode } from "@muster/shared/fault.ts";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { begin, settle } from "../ask.ts";
import { parse } from "../parse.ts";
import { type Doorway, visitorOf } from "../server.ts";

const NewDataset = z.strictObject({
  /** A file of the inbox, by its name there. */
  file: z.string().min(1).max(255),
  name: DatasetName.optional(),
  time: z.string().max(200).optional(),
  arrived: z.string().max(200).optional(),
});

/** Datasets: load a file of the inbox, list what there is. */
export function datasetRoutes(app: FastifyInstance, { gate }: Doorway): void {
  app.get("/v1/datasets", { config: { does: "Lists the datasets of the catalog." } }, async () =>
    gate.read("catalog.list_datasets", {}),
  );
  app.post("/v1/datasets", { config: { does: "Loads a file of the inbox as a dataset." } }, async (request, reply) => {
    const input = parse(NewDataset, request.body);
    const id = await begin(
      gate,
      visitorOf(request),
      { text: `load ${input.file}`, call: { tool: "catalog.register_dataset", input } },
      {},
    );
    const left = new AbortController();
    request.raw.on("close", () => left.abort());
    const view = await settle(gate, id, left.signal);
    if (view.status !== "succeeded")
      throw new Fault(
        (view.error?.code ?? "internal") as FaultCode,
        view.error?.message ?? "the file could not be loaded",
        { ...view.error?.data, request: id },
      );
    return reply.code(201).send({ datasets: [view.answer?.output] });
  });
}
