import { RequestView } from "@muster/shared/domain/request.ts";
import type { FastifyInstance, RouteOptions } from "fastify";
import { toJSONSchema } from "zod";
import type { Doorway } from "../server.ts";
import { NewRequest } from "./requests.ts";

/** `/openapi.json`, made from the routes themselves: a route that exists is described, one that doesn't isn't. */
export function openApiRoutes(app: FastifyInstance, _doorway: Doorway): void {
  const routes: { method: string; url: string; does: string; open: boolean }[] = [];
  app.addHook("onRoute", (route: RouteOptions) => add(route));
  // Routes that were made before this hook are read from the tree at the end.
  const add = (route: RouteOptions) => {
    for (const method of [route.method].flat())
      if (method !== "HEAD" && method !== "OPTIONS")
        routes.push({ method, url: route.url, does: route.config?.does ?? "", open: route.config?.open === "public" });
  };
  app.get("/openapi.json", { config: { open: "public", does: "Describes this interface." } }, async () => {
    const paths: Record<string, Record<string, unknown>> = {};
    for (const { method, url, does, open } of routes) {
      const path = url.replaceAll(/:([a-z]+)/gi, "{$1}");
      const names = [...url.matchAll(/:([a-z]+)/gi)].map((match) => match[1]!);
      paths[path] ??= {};
      paths[path][method.toLowerCase()] = {
        summary: does,
        ...(names.length > 0 && {
          parameters: names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } })),
        }),
        ...(method === "POST" && {
          requestBody: {
            content: {
              "application/json": {
                schema: url === "/v1/requests" ? { $ref: "#/components/schemas/NewRequest" } : { type: "object" },
              },
            },
          },
        }),
        responses: {
          default: {
            description: "an answer, or an error with a code of the table",
            content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
          },
          ...(url === "/v1/requests/:id" && {
            200: {
              description: "the request",
              content: { "application/json": { schema: { $ref: "#/components/schemas/Request" } } },
            },
          }),
        },
        security: open ? [] : [{ token: [] }],
      };
    }
    return {
      openapi: "3.1.0",
      info: { title: "Muster gateway", version: "0.1.0" },
      paths,
      components: {
        securitySchemes: { token: { type: "http", scheme: "bearer" } },
        schemas: {
          Request: toJSONSchema(RequestView, { unrepresentable: "any" }),
          NewRequest: toJSONSchema(NewRequest, { io: "input", unrepresentable: "any" }),
          Error: {
            type: "object",
            properties: {
              error: {
                type: "object",
                properties: { code: { type: "string" }, message: { type: "string" }, data: { type: "object" } },
                required: ["code", "message"],
              },
            },
          },
        },
      },
    };
  });
}
