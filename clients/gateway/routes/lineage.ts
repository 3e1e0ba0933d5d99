import { OpenLineageEvent } from "@muster/shared/domain/open-lineage.ts";
import { fault } from "@muster/shared/fault.ts";
import type { FastifyInstance } from "fastify";
import { checkAsker } from "../ask.ts";
import { parse } from "../parse.ts";
import { type Doorway, visitorOf } from "../server.ts";

/** What a message of the bus holds, less room for its headers. */
const mostBytes = 200 * 1024;

/**
 * `POST /v1/lineage`: an OpenLineage event of somebody else's run, one a POST. What the event says beside lineage and
 * quality is left out here already, so that no facet of megabytes travels on the bus.
 */
export function lineageRoutes(app: FastifyInstance, { gate }: Doorway): void {
  app.post(
    "/v1/lineage",
    { config: { does: "Takes an OpenLineage event into the lineage graph." } },
    async (request, reply) => {
      const visitor = visitorOf(request);
      checkAsker(visitor);
      const event = parse(OpenLineageEvent, request.body);
      if (Buffer.byteLength(JSON.stringify(event)) > mostBytes)
        throw fault("invalid_input", "its lineage is above 200 KB; send fewer datasets or columns in one event");
      const told = await gate.act<{ recorded: boolean }>(visitor, "catalog.record_lineage", { event });
      return reply.code(told.recorded ? 201 : 200).send(told);
    },
  );
}
