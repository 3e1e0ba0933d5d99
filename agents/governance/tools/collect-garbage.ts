import type { AnyTrx, Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { fault } from "@muster/shared/fault.ts";
import { bury } from "@muster/shared/warehouse/tombstone.ts";
import { z } from "zod";
import type { GovernanceDeps } from "../index.ts";
import { planGarbage, removeOrphans } from "../retention/collect.ts";
import { GarbageTold, tellGarbage } from "../retention/tell-garbage.ts";

export const collectGarbage = tool({
  name: "collect_garbage",
  does: "Removes versions that retention lets go, artifacts that nothing names and what crashes left; keeps what work needs. Only says so unless told to remove. A schedule calls plan_garbage.",
  effect: "irreversible",
  long: true,
  input: z.object({
    /** False: only says what would go. */
    remove: z.boolean().default(false),
    /** The bytes that the plan said: another number now, and nothing goes. Wanted with `remove`. */
    bytes: z.number().int().nonnegative().optional(),
  }),
  output: GarbageTold.extend({ removed: z.boolean() }),
  confirmedBy: ["admin"],
  fresh: false,
  cost: { ms: 3000 },
  run: async ({ remove, bytes: agreed }, context: Context & GovernanceDeps) => {
    const { store, evidence, lake, now, id, commit, audit } = context;
    const plan = await planGarbage({ store, evidence, lake, now: now() });
    const { remove: versions, artifacts, orphans } = plan;
    const told = tellGarbage(plan, remove);
    const { bytes } = told;
    const collection = id("gc");
    if (remove) {
      if (agreed === undefined)
        throw fault("invalid_input", "pass `bytes` as the plan told: call it once without `remove`");
      if (agreed !== bytes)
        throw fault("conflict", `${bytes} bytes would go now, not ${agreed}; look at the plan again`, { bytes });
      // The receipts are taken back first: a gate never finds a version standing that is gone.
      const pins = versions.map(({ pin }) => pin);
      await evidence.store.db.transaction().execute(async (trx: AnyTrx) => {
        for (const receipt of await store.erasures.receiptsOn(trx, pins))
          await evidence.store.revoke(trx, receipt, `retention removed its version (${collection})`);
      });
      for (const pin of pins) await bury(lake, pin, { at: now().toISOString(), reason: "retired", id: collection });
      await removeOrphans(orphans);
      commit(async () => {
        await store.garbage.dropArtifacts(artifacts.map(({ hash }) => hash));
      });
      audit("governance.garbage_collected", collection, { versions: pins, artifacts: artifacts.length, bytes });
    }
    return { removed: remove, ...told };
  },
});
