import { z } from "zod";
import type { GarbagePlan } from "./collect.ts";

const Item = z.object({ pin: z.string(), bytes: z.number().int(), why: z.string() });
const Sum = z.object({ count: z.number().int(), bytes: z.number().int() });

/** A garbage collection as people are told of it: what goes, what stays although a rule lets it go, how many bytes in all. */
export const GarbageTold = z.object({
  versions: z.array(Item),
  kept: z.array(Item),
  /** Newest versions older than a policy lets them be: for a person to replace or drop. */
  overdue: z.array(z.object({ pin: z.string(), why: z.string() })),
  artifacts: Sum,
  orphans: Sum,
  bytes: z.number().int(),
  verdict: z.string(),
});
export type GarbageTold = z.infer<typeof GarbageTold>;

/** Tells a plan, or what became of it. */
export function tellGarbage(
  { remove: versions, kept, overdue, artifacts, orphans }: GarbagePlan,
  removed: boolean,
): GarbageTold {
  const sum = (list: readonly { bytes: number }[]) => list.reduce((all, one) => all + one.bytes, 0);
  const bytes = sum(versions) + sum(artifacts) + sum(orphans);
  const held = kept.length > 0 ? `; ${kept.length} stay because something needs them` : "";
  const mb = `${(bytes / 1e6).toFixed(1)} MB ${removed ? "freed" : "would be freed"}`;
  return {
    ...{ versions, kept, overdue, bytes },
    artifacts: { count: artifacts.length, bytes: sum(artifacts) },
    orphans: { count: orphans.length, bytes: sum(orphans) },
    verdict: `${versions.length} versions, ${artifacts.length} artifacts, ${orphans.length} files: ${mb}${held}`,
  };
}
