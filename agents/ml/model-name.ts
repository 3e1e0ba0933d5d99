import type { Task } from "@muster/shared/domain/problem.ts";
import { fault } from "@muster/shared/fault.ts";

/** What a model is of: the same name again is a new version only for the same of these. */
export type ModelSubject = { dataset: string; target: string; task: Task };

/** A model's name, and why it isn't the one that was wanted (null where it is). */
export type ModelName = { name: string; instead: string | null };

const longest = 63;

/**
 * The name a model is registered under: the one asked for (`asked`) or the problem's own slug, where that is free or
 * already of the same dataset, target and task; else `<dataset>_<target slug>`. `conflict` where a name that was asked for
 * belongs to another model, or nothing is free. `ownerOf` gives what a name is of, null where it is free.
 */
export async function modelName(
  { asked, own, targetSlug }: { asked: string | undefined; own: string; targetSlug: string },
  subject: ModelSubject,
  ownerOf: (name: string) => Promise<ModelSubject | null>,
): Promise<ModelName> {
  const usable = async (name: string) => {
    const owner = await ownerOf(name);
    return owner === null || (["dataset", "target", "task"] as const).every((key) => owner[key] === subject[key]);
  };
  const wanted = asked ?? own;
  if (await usable(wanted)) return { name: wanted, instead: null };
  if (asked !== undefined && asked !== own)
    throw fault("conflict", `the name ${asked} belongs to a model of another question; choose another name`);
  const full = `${subject.dataset}_${targetSlug}`.slice(0, longest);
  if (await usable(full)) return { name: full, instead: `${wanted} belongs to a model of another question` };
  throw fault("conflict", `the names ${wanted} and ${full} belong to models of other questions; name it with --name`);
}
