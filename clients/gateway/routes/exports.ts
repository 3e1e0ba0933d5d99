import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { ExportedRun } from "@muster/shared/domain/exported-run.ts";
import { fault } from "@muster/shared/fault.ts";
import { exportsFolder } from "@muster/shared/home.ts";
import type { FastifyInstance } from "fastify";
import { type Doorway, visitorOf } from "../server.ts";

/**
 * The files of an exported run, for the one who asked for it: ml's signed receipt of this person's request names them, and
 * says until when. Rows of a matrix that was taken back meanwhile aren't handed out.
 */
export function exportRoutes(app: FastifyInstance, { gate }: Doorway): void {
  app.get<{ Params: { request: string; file: string } }>(
    "/v1/exports/:request/:file",
    { config: { does: "Gives a file of a run that you exported." } },
    async (asked, reply) => {
      const { person } = visitorOf(asked);
      const { request, file: path } = asked.params;
      const { evidence, lake, config } = gate.process;
      const receipt = await evidence.newest("run.exported", { request, person });
      const exported = receipt && ((await evidence.value(receipt)) as ExportedRun);
      const file = exported?.files.find((one) => one.path === path);
      if (!file) throw fault("not_found", "no such file of an export of yours; export the run again");
      reply.type(file.media).header("cache-control", "private, no-store").header("content-length", file.bytes);
      if (file.kept === "artifact") return reply.send(Buffer.from(await evidence.artifact(file.sha256)));
      await lake.standing(exported!.training);
      const place = join(exportsFolder(config.home), request, file.path);
      const there = await stat(place).catch(() => null);
      if (there?.size !== file.bytes) throw fault("not_found", "this file isn't kept any more; export the run again");
      return reply.send(createReadStream(place));
    },
  );
}
