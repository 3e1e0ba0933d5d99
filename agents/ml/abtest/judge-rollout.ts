import type { Context } from "@muster/bus/context.ts";
import { openOutcomes } from "../outcomes/record.ts";
import type { ServingDeps } from "../serving/deps.ts";
import { landWaiting } from "../serving/landing-loop.ts";
import { readPackage } from "../serving/read-package.ts";
import { type Group, type Groups, readGroups } from "./read-sides.ts";
import { momentsOf } from "./sequence.ts";
import { askWork, idle } from "./serving-work.ts";
import type { Rollout } from "./store.ts";
import { type Judged, judgeTest, type Side } from "./verdict.ts";

/** A test as it stands: the verdict, both sides, and the control share where there is one. */
export type Standing = {
  judged: Judged;
  live: Side;
  challenger: Side;
  control: { assigned: number; told: number; mean: number | null } | null;
};

const none: Group = { assigned: 0, matured: 0, told: 0, values: new Float64Array() };

/** Judges a test by what was predicted under it and what came of that by now. */
export async function judgeRollout(rollout: Rollout, context: Context & ServingDeps): Promise<Standing> {
  const { evidence, lake, serving, now, signal } = context;
  const { name, live, plan, split } = rollout;
  const [beside] = rollout.beside as [Rollout["beside"][0]];
  await landWaiting(context, now());
  const served = await readPackage({ name, ...live }, evidence.artifact);
  const engine = await openOutcomes(lake, name, undefined, "be none");
  let groups: Groups = { byVersion: new Map(), control: none, paired: null };
  try {
    if (engine) groups = await readGroups(engine, served, rollout, now());
  } finally {
    engine?.close();
  }
  const work = await askWork(serving.url, name, split.salt, signal);
  const shares = plan.measure === "outcome" && served.output.task !== "regression";
  const side = (version: number): Side => {
    const group = groups.byVersion.get(version) ?? none;
    const { values, ...counts } = group;
    const hits = shares ? values.reduce((sum, value) => sum + value, 0) : null;
    return { version, ...counts, values: momentsOf(values), hits, ...(work.get(version) ?? idle) };
  };
  const sides = { live: side(live.version), challenger: side(beside.version), paired: groups.paired };
  const { assigned, told, values } = groups.control;
  return {
    ...{ judged: judgeTest(plan, sides), live: sides.live, challenger: sides.challenger },
    control: split.controlPercent > 0 ? { assigned, told, mean: told > 0 ? momentsOf(values).mean : null } : null,
  };
}
