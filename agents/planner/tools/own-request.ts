import type { Context } from "@muster/bus/context.ts";
import { fault } from "@muster/shared/fault.ts";
import type { PlannerDeps } from "../index.ts";

/** Lets a request be steered by who asked it, or by an administrator; `denied` for anybody else. */
export async function ownRequest(id: string, { store, person, roles }: Context & PlannerDeps): Promise<void> {
  const row = await store.get(id);
  if (!row) throw fault("not_found", `no request ${id}; see npx muster requests`);
  if (row.person !== person && !roles.includes("admin"))
    throw fault("denied", "only who asked, or an administrator, steers a request");
}
