import type { FactValue } from "@muster/shared/fact/table.ts";
import type { FastifyInstance } from "fastify";
import type { Doorway } from "../server.ts";

/** What stands: models, deployments, runs, schedules, drift reports, the audit trail. Each list is one agent's own. */
export function listRoutes(app: FastifyInstance, { gate }: Doorway): void {
  app.get("/v1/models", { config: { does: "Lists models with their versions and aliases." } }, async () =>
    gate.read("ml.get_model_versions", {}),
  );
  app.get("/v1/deployments", { config: { does: "Lists what is live." } }, async () => {
    const { deployments } = await gate.read<{ deployments: unknown[] }>("ml.get_ml_status", {});
    return { deployments };
  });
  app.get("/v1/runs", { config: { does: "Lists training runs." } }, async () => {
    const { runs } = await gate.read<{ runs: unknown[] }>("ml.get_ml_status", {});
    return { runs };
  });
  app.get("/v1/schedules", { config: { does: "Lists schedules." } }, async () =>
    gate.read("pipeline.list_schedules", {}),
  );
  app.get(
    "/v1/audit",
    { config: { does: "Shows the audit trail, of one request with ?request=." } },
    async (request) => {
      const { request: id, limit } = request.query as { request?: string; limit?: string };
      return gate.read("governance.get_audit_trail", {
        ...(id && { request: id }),
        ...(limit && { limit: Number(limit) }),
      });
    },
  );
  app.get("/v1/drift", { config: { does: "Lists drift reports, newest first." } }, async () => {
    const receipts = await gate.process.evidence.standing("drift.checked", {}, 100);
    const reports = await Promise.all(
      receipts.map(async (receipt) => ({
        at: receipt.at,
        request: receipt.request,
        ...((await gate.process.evidence.value(receipt)) as FactValue<"drift.checked">),
      })),
    );
    return { reports };
  });
}
