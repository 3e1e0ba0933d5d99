import { fault } from "@muster/shared/fault.ts";
import type { FastifyInstance } from "fastify";
import { answer, type Scoring } from "./answer.ts";
import { bodyBytes, mediaType } from "./body.ts";
import { parseObject } from "./json.ts";
import { checkSignature, inferResponse, modelMetadata, readInfer } from "./open-inference.ts";
import type { ServedModel } from "./served-model.ts";

type ModelParams = { model: string; version?: string };

/** `/v2`: Open Inference Protocol v2 (REST). Content types other than JSON are 400 there: it knows 400 and 404 only. */
export function openInferenceRoutes(app: FastifyInstance, scoring: Scoring, version: string): void {
  const { models } = scoring;
  app.get("/v2", async () => ({ name: "muster", version, extensions: [] }));
  app.get("/v2/health/live", async () => ({ live: true }));
  app.get("/v2/health/ready", async (_request, reply) => {
    const ready = models.ready();
    return reply.status(ready ? 200 : 503).send({ ready });
  });

  for (const path of ["/v2/models/:model", "/v2/models/:model/versions/:version"]) {
    app.get<{ Params: ModelParams }>(path, async ({ params }) => {
      const lease = models.lease(params.model, params);
      try {
        return modelMetadata(lease.model.served);
      } finally {
        lease.release();
      }
    });
    app.get<{ Params: ModelParams }>(`${path}/ready`, async ({ params }) => {
      models.lease(params.model, params).release();
      return { name: params.model, ready: true };
    });
    app.post<{ Params: ModelParams }>(`${path}/infer`, async ({ params, headers, body }) => {
      let request = "";
      let wanted: string[] | null = null;
      const answered = await answer(scoring, "open_inference", () => {
        if (!["application/json", ""].includes(mediaType(headers["content-type"]))) {
          throw fault("invalid_input", "send the request as application/json");
        }
        const asked = readInfer(parseObject(bodyBytes(body)));
        request = asked.id ?? scoring.newId();
        wanted = asked.outputs;
        const rows = (model: ServedModel) => {
          checkSignature(model, asked);
          return asked.table;
        };
        return { model: params.model, want: params, request, rows };
      });
      return inferResponse(answered, request, wanted);
    });
  }
}
