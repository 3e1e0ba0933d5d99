import { type Command, type Outcome, readArgs, usageFault } from "../command.ts";
import { gateway } from "../swarm.ts";
import { table } from "../table.ts";

type Event = { at: string; what: string; by: string; person: string | null; request: string | null };

export const audit: Command = {
  name: "audit",
  usage: "audit show [REQUEST] | verify | why REQUEST | live-at TIME",
  does: "shows and verifies the record: what happened, why, what was live when",
  async run(args) {
    const { positionals } = readArgs(this, args, {}, { min: 1, max: 2 });
    const [what, of] = positionals;
    const to = gateway();
    const bare = async (tool: string, input: object) =>
      (await to.post<{ output: Record<string, unknown> }>(`/v1/tools/governance/${tool}?bare=1`, input)).output;
    switch (what) {
      case "show": {
        const document = await to.get<{ events: Event[] }>(
          `/v1/audit${of ? `?request=${encodeURIComponent(of)}` : ""}`,
        );
        return {
          document,
          words: table(
            ["at", "what", "by", "person", "request"],
            document.events.map((one) => [one.at, one.what, one.by, one.person, one.request]),
          ),
        };
      }
      case "verify": {
        const document = await bare("verify_audit", {});
        return { document, words: String(document.verdict ?? JSON.stringify(document)), exit: document.ok ? 0 : 1 };
      }
      case "why":
        if (!of) throw usageFault(this, "why wants a request");
        return why(await bare("explain_decision", { request: of }));
      case "live-at":
        if (!of) throw usageFault(this, "live-at wants a time, such as 2026-05-03T12:00:00Z");
        if (Number.isNaN(Date.parse(of))) throw usageFault(this, `${of} is not a time`);
        return liveAt(await bare("what_was_live", { at: new Date(of).toISOString() }));
      default:
        throw usageFault(this, `what is audit ${what}?`);
    }
  },
};

type Why = {
  verdict: string;
  decisions: { at: string; action: string; allowed: boolean; why: string; policies: { id: string }[] }[];
  dropped: { name: string; reason: string; number: number | null; by: string }[];
  approvals: { what: string; role: string; state: string; decidedBy: string | null; decidedAt: string | null }[];
};

function why(found: Record<string, unknown>): Outcome {
  const { verdict, decisions, dropped, approvals } = found as Why;
  const parts = [
    verdict,
    table(
      ["at", "decision", "", "why", "policies"],
      decisions.map((one) => [
        ...[one.at, one.action, one.allowed ? "yes" : "no", one.why],
        one.policies.map(({ id }) => id).join(", "),
      ]),
    ),
  ];
  if (approvals.length > 0)
    parts.push(
      table(
        ["approval of", "role", "state", "by", "at"],
        approvals.map((one) => [one.what, one.role, one.state, one.decidedBy, one.decidedAt]),
      ),
    );
  if (dropped.length > 0)
    parts.push(
      table(
        ["left out", "why", "number", "by"],
        dropped.map((one) => [one.name, one.reason, one.number, one.by]),
      ),
    );
  return { document: found, words: parts.join("\n\n") };
}

type LiveAt = {
  verdict: string;
  live: {
    deployment: string;
    version: number;
    hash: string;
    since: string;
    askedBy: string | null;
    purpose: string | null;
    cleared: { policies: string[] } | null;
    approved: { by: string; what: string } | null;
    cost: { cpuSeconds: number; estimatedUsd: number | null; actualUsd: number | null } | null;
    evaluated: { metrics: Record<string, number>; look: number } | null;
    data: string[];
    evidence: { receipt: string; fact: string; by: string; at: string }[];
  }[];
};

function liveAt(found: Record<string, unknown>): Outcome {
  const { verdict, live } = found as LiveAt;
  const usd = (value: number | null) => (value === null ? "unknown" : `${value.toPrecision(3)} USD`);
  const parts = live.map((one) => {
    const metrics = Object.entries(one.evaluated?.metrics ?? {}).map(([name, value]) => `${name} ${value.toFixed(3)}`);
    const lines = [
      `${one.deployment} version ${one.version} (${one.hash}), live since ${one.since}`,
      `  asked by ${one.askedBy ?? "nobody"} for ${one.purpose ?? "no purpose"}; cleared by ${one.cleared?.policies.join(", ") ?? "nothing"}`,
      `  approved ${one.approved ? `by ${one.approved.by}: ${one.approved.what}` : "by nobody: no policy wanted it"}`,
      `  on the hold-out: ${metrics.join(", ") || "not evaluated"}`,
      `  cost ${usd(one.cost?.actualUsd ?? null)}, estimated ${usd(one.cost?.estimatedUsd ?? null)}`,
      `  data ${one.data.join(", ")}`,
    ];
    const rows = one.evidence.map(({ at, fact, by, receipt }) => [at, fact, by, receipt]);
    return `${lines.join("\n")}\n\n${table(["at", "evidence", "by", "receipt"], rows)}`;
  });
  return { document: found, words: [verdict, ...parts].join("\n\n") };
}
