import { ping } from "@muster/bus/discover.ts";
import type { FastifyInstance } from "fastify";
import type { Doorway } from "../server.ts";

/** `/healthz`: the process lives. `/readyz`: the bus and the database answer, with the agents that do. `/metrics`: Prometheus text. */
export function healthRoutes(app: FastifyInstance, { gate }: Doorway): void {
  const seen = new Map<string, number>();
  app.addHook("onResponse", async (request, reply) => {
    const key = `${request.method} ${request.routeOptions.url ?? "unknown"} ${reply.statusCode}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
  });
  app.get("/healthz", { config: { open: "public", does: "Says that the gateway lives." } }, async () => ({ ok: true }));
  app.get(
    "/readyz",
    { config: { open: "public", does: "Says whether the swarm answers, and which agents do." } },
    async (_request, reply) => {
      const [agents] = await Promise.all([ping(gate.process.nats), gate.process.pool.query("select 1")]);
      const ready = agents.includes("planner");
      return reply.code(ready ? 200 : 503).send({ ready, agents });
    },
  );
  app.get(
    "/metrics",
    { config: { open: "public", does: "Counts of answers by route and status." } },
    async (_request, reply) => {
      const lines = [
        "# HELP muster_http_answers_total Answers by method, route and status.",
        "# TYPE muster_http_answers_total counter",
      ];
      for (const [key, count] of [...seen].sort()) {
        const [method, route, status] = key.split(" ");
        lines.push(`muster_http_answers_total{method="${method}",route="${route}",status="${status}"} ${count}`);
      }
      return reply.type("text/plain; version=0.0.4").send(`${lines.join("\n")}\n`);
    },
  );
}
