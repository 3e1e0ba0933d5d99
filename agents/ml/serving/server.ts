import type { Log } from "@muster/bus/context.ts";
import { asFault, fault, faultCodes } from "@muster/shared/fault.ts";
import { type FastifyError, type FastifyInstance, type FastifyReply, fastify } from "fastify";
import type { Scoring } from "./answer.ts";
import { door } from "./door.ts";
import { servingMetrics } from "./metrics.ts";
import { mlflowRoutes } from "./mlflow-routes.ts";
import type { Models } from "./models.ts";
import { openInferenceRoutes } from "./open-inference-routes.ts";
import type { PredictionLog } from "./prediction-log.ts";

export type ServingOptions = {
  models: Models;
  predictions: PredictionLog;
  log: Log;
  now: () => Date;
  /** Ids for requests that bring none. */
  newId: () => string;
  /** null: open (an address for which `isLoopback` holds); else the bearer token that callers must send. */
  token: string | null;
  /** What `/v2` and `/version` say. */
  version: string;
};

/** The largest request body, in bytes. */
export const bodyLimit = 64 * 1024 * 1024;

/**
 * The data plane as an HTTP server that isn't listening yet: Open Inference Protocol v2, MLflow's scoring protocol and
 * `/metrics` over one set of models. Errors of every kind are `{"error": message}`; the message holds no value of a row.
 */
export function createServing({
  models,
  predictions,
  log,
  now,
  newId,
  token,
  version,
}: ServingOptions): FastifyInstance {
  const metrics = servingMetrics();
  const scoring: Scoring = { models, predictions, metrics, log, now, newId, statusOf };
  const app = fastify({
    bodyLimit,
    frameworkErrors(error, _request, reply) {
      // Its reply is typed for a route's schema, and a path that can't be read has no route.
      (reply as unknown as FastifyReply).code(statusOf(error)).send({ error: messageOf(error) });
    },
    routerOptions: { maxParamLength: 256 },
  });
  // Bodies stay bytes until a route reads them: it knows which content types it takes and what its errors say.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));

  const admit = door(token);
  app.addHook("onRequest", async (request) => {
    const { authorization, host } = request.headers;
    admit({ path: request.url.split("?", 1)[0]!, authorization, host });
    const encoding = request.headers["content-encoding"];
    if (encoding !== undefined && encoding !== "identity") {
      throw fault("invalid_input", "the body is compressed, which isn't supported; send it plain");
    }
  });
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = statusOf(error);
    if (status >= 500) log.error({ err: error, request: request.id }, "a request could not be answered");
    return reply.status(status).send({ error: messageOf(error) });
  });
  app.setNotFoundHandler((_request, reply) =>
    reply.status(404).send({ error: "there is no such path here; GET /v2 says what is" }),
  );

  openInferenceRoutes(app, scoring, version);
  mlflowRoutes(app, scoring, version);
  app.get("/metrics", async (_request, reply) => {
    reply.type("text/plain; version=0.0.4; charset=utf-8");
    return metrics.text(predictions.counts(), models.gone());
  });
  return app;
}

/** The status of an error: the HTTP layer's own 4xx, else that of the error table. */
function statusOf(error: unknown): number {
  const own = httpStatus(error);
  return own ?? faultCodes[asFault(error).code];
}

function messageOf(error: unknown): string {
  const own = httpStatus(error);
  if (own === 413) return `the body is larger than ${bodyLimit} bytes; send fewer rows at once`;
  return own === null ? asFault(error).message : "the request isn't well-formed HTTP";
}

function httpStatus(error: unknown): number | null {
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : null;
  return typeof status === "number" && status >= 400 && status < 500 ? status : null;
}
