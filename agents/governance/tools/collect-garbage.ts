import type { AnyTrx, Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { fault } from "@muster/shared/fault.ts";
import { bury } from "@muster/shared/warehouse/tombstone.ts";
import { z } from "zod";
import type { GovernanceDeps } from "../index.ts";
import { planGarbage, removeOrphans } from "../retention/collect.ts";

const Item = z.object({ pin: z.string(), bytes: z.number().int(), why: z.string() });
const Sum = z.object({ count: z.number().int(), bytes: z.number().int() });

export const collectGarbage = tool({
  name: "collect_garbage",
  does: "Removes versions that retention lets go, artifacts that nothing names and what crashes left. Says what would go unless told to remove; keeps what live, registered or running work needs.",
  effect: "irreversible",
  long: true,
  input: z.object({
    /** False: only says what would go. */
    remove: z.boolean().default(false),
    /** The bytes that the plan said: another number now, and nothing goes. Wanted with `remove`. */
    bytes: z.number().int().nonnegative().optional(),
  }),
  output: z.object({
    removed: z.boolean(),
    versions: z.array(Item),
    kept: z.array(Item),
    /** Newest versions older than a policy lets them be: for a person to replace or drop. */
    overdue: z.array(z.object({ pin: z.string(), why: z.string() })),
    artifacts: Sum,
    orphans: Sum,
    bytes: z.number().int(),
    verdict: z.string(),
  }),
  confirmedBy: ["admin"],
  fresh: false,
  cost: { ms: 3000 },
  run: async ({ remove, bytes: agreed }, context: Context & GovernanceDeps) => {
    const { store, evidence, lake, now, id, commit, audit } = context;
    const {
      remove: versions,
      kept,
      overdue,
      artifacts,
      orphans,
    } = await planGarbage({ store, evidence, lake, now: now() });
    const sum = (list: readonly { bytes: number }[]) => list.reduce((all, one) => all + one.bytes, 0);
    const bytes = sum(versions) + sum(artifacts) + sum(orphans);
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
    const held = kept.length > 0 ? `; ${kept.length} stay because something needs them` : "";
    const mb = (bytes / 1e6).toFixed(1);
    const verdict = `${versions.length} versions, ${artifacts.length} artifacts, ${orphans.length} files: ${mb} MB ${remove ? "freed" : "would be freed"}${held}`;
    return {
      ...{ removed: remove, versions, kept, overdue, bytes, verdict },
      artifacts: { count: artifacts.length, bytes: sum(artifacts) },
      orphans: { count: orphans.length, bytes: sum(orphans) },
    };
  },
});
