import { statementFor } from "@muster/bus/testing.ts";
import type { Need, Tool } from "@muster/bus/tool.ts";
import { factType } from "@muster/shared/fact/table.ts";
import type { Company } from "./stage.ts";

/** How a receipt can be no good. */
export type Flaw = "missing" | "forged" | "expired" | "revoked" | "failed" | "foreign" | "used" | "derived";

/** The flaws that a receipt for a need can have: each alone must keep the tool from running. */
export function flawsOf(need: Need): Flaw[] {
  const type = factType(need.is)!;
  const flaws: Flaw[] = ["missing", "forged", "revoked", "derived"];
  if (type.ttlMs !== null) flaws.push("expired");
  if (need.failed !== "too") flaws.push("failed");
  if (type.kind === "permission") flaws.push("foreign");
  if (type.consumed) flaws.push("used");
  return flaws;
}

type For = { agent: string; tool: Tool; input: Record<string, unknown> };

/** A receipt that meets a need of a tool; gives its id. */
export async function goodReceipt(need: Need, on: For, { processes, pin }: Company): Promise<string> {
  const by = processes.get(giverOf(need))!;
  return (await by.evidence.give(statementFor(need, { ...on, pin }))).id;
}

/** A receipt for a need with one flaw; gives its id, null where the flaw is that there is none. */
export async function badReceipt(flaw: Flaw, need: Need, on: For, company: Company): Promise<string | null> {
  const { processes, past, pin } = company;
  const by = processes.get(giverOf(need))!.evidence;
  const statement = statementFor(need, { ...on, pin });
  const give = async (changed: Partial<typeof statement> = {}) => (await by.give({ ...statement, ...changed })).id;
  switch (flaw) {
    case "missing":
      return null;
    case "failed":
      return give({ verdict: "failed" });
    case "expired":
      return (await past.get(giverOf(need))!.evidence.give(statement)).id;
    case "foreign":
      return give({
        request: "req_other",
        about: "request" in statement.about ? { ...statement.about, request: "req_other" } : statement.about,
      });
    case "revoked": {
      const id = await give();
      await by.store.revoke(by.store.db, id, "a test");
      return id;
    }
    case "used": {
      const id = await give();
      await by.store.consume(by.store.db, id, "another key");
      return id;
    }
    case "derived": {
      const root = await give();
      await by.store.revoke(by.store.db, root, "a test");
      return give({ uses: [root] });
    }
    case "forged": {
      // Written with the giver's own database role, but signed by the planner.
      const id = `rcp_forged_${crypto.randomUUID()}`;
      const signed = await processes.get("planner")!.evidence.sign({ ...statement, id });
      const forged = { ...signed.receipt, by: giverOf(need) };
      const { signature: _, ...body } = forged;
      await by.store.give(by.store.db, forged, JSON.stringify(body));
      return id;
    }
  }
}

const giverOf = ({ is }: Need): string => {
  const { by } = factType(is)!;
  return by === "door" ? "gateway" : by;
};
