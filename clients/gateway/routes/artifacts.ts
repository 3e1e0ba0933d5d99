import { fault } from "@muster/shared/fault.ts";
import type { FastifyInstance } from "fastify";
import type { Doorway } from "../server.ts";

/** Artifacts by hash: large outputs, models, predictions of a hold-out. Same hash, same bytes, for ever. */
export function artifactRoutes(app: FastifyInstance, { gate }: Doorway): void {
  app.get<{ Params: { hash: string } }>(
    "/v1/artifacts/:hash",
    { config: { does: "Gives an artifact by its SHA-256." } },
    async (request, reply) => {
      const { hash } = request.params;
      if (!/^[0-9a-f]{64}$/.test(hash)) throw fault("invalid_input", "a hash is 64 hex digits");
      const held = await gate.process.evidence.store.getArtifact(hash);
      if (!held) throw fault("not_found", `no artifact ${hash}`);
      return reply
        .type(held.media)
        .header("etag", `"${hash}"`)
        .header("cache-control", "private, immutable, max-age=31536000")
        .send(Buffer.from(held.bytes));
    },
  );
}
