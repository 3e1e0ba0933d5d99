import type { FactValue } from "@muster/shared/fact/table.ts";
import type { FastifyInstance } from "fastify";
import type { Doorway } from "../server.ts";

type Runs = { runs: unknown[]; totals: Record<string, number>; next_page_token: string | null };

/** What a list is asked for: a page of it, and words that narrow it. The tool itself refuses what it doesn't take. */
function asked(query: unknown, words: readonly string[]): Record<string, unknown> {
  const said = query as Record<string, string | undefined>;
  const kept = [...words, "page_token"].flatMap((key) => (said[key] ? [[key, said[key]] as const] : []));
  return { ...Object.fromEntries(kept), ...(said.max_results && { max_results: Number(said.max_results) }) };
}

/** What stands: models, deployments, runs, schedules, drift reports, the audit trail. Each list is one agent's own. */
export function listRoutes(app: FastifyInstance, { gate }: Doorway): void {
  app.get(
    "/v1/models",
    { config: { does: "Lists models with their versions and aliases; ?name=, ?max_results= and ?page_token=." } },
    async (request) => gate.read("ml.get_model_versions", asked(request.query, ["name"])),
  );
  app.get("/v1/deployments", { config: { does: "Lists what is live." } }, async () => {
    const { deployments } = await gate.read<{ deployments: unknown[] }>("ml.get_ml_status", {});
    return { deployments };
  });
  app.get(
    "/v1/runs",
    { config: { does: "Lists runs, newest first; ?experiment=, ?status=, ?max_results= and ?page_token=." } },
    async (request) => {
      const of = asked(request.query, ["experiment", "status"]);
      const { runs, totals, next_page_token } = await gate.read<Runs>("ml.get_ml_status", of);
      return { runs, totals, next_page_token };
    },
  );
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
