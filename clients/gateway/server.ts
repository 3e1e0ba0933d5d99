import { asFault, Fault, fault, faultCodes } from "@muster/shared/fault.ts";
import fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import { authenticate } from "./authenticate.ts";
import type { Gate, Visitor } from "./gate.ts";
import { rateLimit } from "./rate-limit.ts";
import { artifactRoutes } from "./routes/artifacts.ts";
import { datasetRoutes } from "./routes/datasets.ts";
import { exportRoutes } from "./routes/exports.ts";
import { healthRoutes } from "./routes/health.ts";
import { lineageRoutes } from "./routes/lineage.ts";
import { listRoutes } from "./routes/lists.ts";
import { openApiRoutes } from "./routes/open-api.ts";
import { pageRoutes } from "./routes/page.ts";
import { requestRoutes } from "./routes/requests.ts";
import { signInRoutes } from "./routes/sign-in.ts";
import { toolRoutes } from "./routes/tools.ts";
import type { SessionStore } from "./store.ts";

declare module "fastify" {
  interface FastifyRequest {
    visitor: Visitor | null;
  }
  interface FastifyContextConfig {
    /** `public`: answers anybody; everything else wants a person. Deny is the default. */
    open?: "public";
    does?: string;
  }
}

/** What the routes stand on. */
export type Doorway = { gate: Gate; sessions: SessionStore; now: () => Date };

/** The person at the door; `denied` without one. Only public routes are reached without. */
export function visitorOf(request: FastifyRequest): Visitor {
  if (!request.visitor) throw fault("denied", "sign in, or send the token as Authorization: Bearer …");
  return request.visitor;
}

const bodyBytes = 1024 * 1024;

/** Makes the gateway: every route wants a person unless it says otherwise, every error has a code of the table. */
export async function createGateway(doorway: Doorway): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: bodyBytes,
    logger: false,
    routerOptions: { maxParamLength: 200 },
    forceCloseConnections: true,
  });
  app.decorateRequest("visitor", null);
  const limit = rateLimit({ perMinute: 1200, now: () => doorway.now().getTime() });
  app.addHook("onRequest", async (request, reply) => {
    const wait = limit(request.ip);
    if (wait > 0) {
      reply.header("retry-after", String(wait));
      reply.code(429);
      throw fault("unavailable", `too many requests; try again in ${wait} s`);
    }
    request.visitor = await authenticate(request, doorway);
    if (!request.visitor && request.routeOptions.config?.open !== "public" && request.routeOptions.url !== undefined) {
      reply.code(401).header("www-authenticate", "Bearer");
      throw fault("denied", "sign in, or send the token as Authorization: Bearer …");
    }
  });
  app.setErrorHandler(async (error, request, reply) => {
    const known = httpFault(error);
    if (known.code === "internal")
      doorway.gate.process.log.error({ path: request.routeOptions.url, err: known.cause }, "a request failed inside");
    const status = reply.statusCode === 401 || reply.statusCode === 429 ? reply.statusCode : faultCodes[known.code];
    await reply.code(status).send({ error: { code: known.code, message: known.message, data: known.data } });
  });
  app.setNotFoundHandler(async (_request, reply) => {
    await reply.code(404).send({ error: { code: "not_found", message: "no such route; see /openapi.json", data: {} } });
  });
  for (const routes of [
    openApiRoutes,
    healthRoutes,
    signInRoutes,
    requestRoutes,
    toolRoutes,
    datasetRoutes,
    listRoutes,
    lineageRoutes,
    artifactRoutes,
    exportRoutes,
    pageRoutes,
  ])
    routes(app, doorway);
  return app;
}

function httpFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const status = (error as { statusCode?: number }).statusCode;
  if (status === 413) return fault("invalid_input", "the body is above 1 MiB");
  if (status !== undefined && status >= 400 && status < 500) return fault("invalid_input", (error as Error).message);
  return asFault(error);
}
