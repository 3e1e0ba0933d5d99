import { fault } from "@muster/shared/fault.ts";
import { type CanaryLimits, usualLimits } from "../abtest/canary.ts";
import { type LoadedModel, loadModel } from "./loaded-model.ts";
import type { GoldenRows, ServedModel } from "./served-model.ts";
import type { Split } from "./split.ts";
import { type SplitWatch, splitWatch } from "./split-watch.ts";

/** A model in use by one request; `release` must be called once when the answer is made. */
export type ModelLease = { model: LoadedModel; release(): void };

/** Versions that stand beside a live one, how requests are split between them, and what those may do worse (absent: as usual). */
export type Beside = { split: Split; models: readonly ServedModel[]; limits?: CanaryLimits };

/**
 * Everything that may answer under a name, held until released: the live version, and what stands beside it and hasn't lost its
 * traffic. The watch of a split lasts as long as the split does, whatever is loaded anew meanwhile.
 */
export type SplitLease = {
  live: LoadedModel;
  beside: { split: Split; models: ReadonlyMap<number, LoadedModel>; watch: SplitWatch } | null;
  release(): void;
};

/** The models that are served: one live version a name, and others beside it where its traffic is split. */
export type Models = {
  /**
   * Puts a version in place of whatever bears the name: loads and warms it, compares golden rows, then moves one
   * pointer. Requests under way end on the old version, whose memory is freed after the last of them. On a failure the
   * old version stays. Replacements of one name happen in the order they were asked for. `beside` moves with the same
   * pointer, so that no request meets a split with a version that isn't ready; the very same model isn't loaded again.
   */
  replace(name: string, served: ServedModel, golden?: GoldenRows | null, beside?: Beside | null): Promise<void>;
  /** Takes a model out of service; requests under way still end. */
  remove(name: string): Promise<void>;
  /** The served version of a name (the live one, or one beside it that is named), held until released. `not_found` says what is served. */
  lease(name: string, want?: { version?: string; alias?: string }): ModelLease;
  /** The live version of a name with what stands beside it, as they are at one moment. */
  leaseSplit(name: string): SplitLease;
  list(): ServedModel[];
  /** The versions beside live ones that have lost their traffic, with the split's salt and the reason. */
  gone(): { model: string; version: number; split: string; because: string }[];
  /** Whether everything that should be served at start is in place. */
  ready(): boolean;
  /** Says that the first set of models is in place. */
  started(): void;
  close(): Promise<void>;
};

type Slot = { model: LoadedModel; users: number; retired: boolean };
type Group = { live: Slot; others: readonly Slot[]; beside: { split: Split; watch: SplitWatch } | null };

/** An empty set of served models. `onClosed` is told when an old version's memory is freed, with the error where that failed. */
export function servedModels(onClosed: (served: ServedModel, error?: unknown) => void = () => {}): Models {
  const groups = new Map<string, Group>();
  const queues = new Map<string, Promise<void>>();
  const closing = new Set<Promise<void>>();
  let atWork = false;

  const free = ({ model }: Slot) => {
    const closed = model.close().then(
      () => onClosed(model.served),
      (error: unknown) => onClosed(model.served, error),
    );
    closing.add(closed);
    void closed.then(() => closing.delete(closed));
  };
  const retire = (slot: Slot) => {
    slot.retired = true;
    if (slot.users === 0) free(slot);
  };
  const slotsOf = (group: Group | undefined): readonly Slot[] => (group ? [group.live, ...group.others] : []);
  /** A loaded model's slot, or the one that already holds this very model. */
  const slotOf = async (name: string, served: ServedModel, golden: GoldenRows | null): Promise<Slot> => {
    if (served.name !== name) throw fault("invalid_input", `model ${served.name} can't be served as ${name}`);
    const held = slotsOf(groups.get(name)).find((slot) => slot.model.served === served);
    return held ?? { model: await loadModel(served, golden), users: 0, retired: false };
  };
  const hold = (slots: readonly Slot[]): (() => void) => {
    for (const slot of slots) slot.users++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      for (const slot of slots) {
        slot.users--;
        if (slot.retired && slot.users === 0) free(slot);
      }
    };
  };
  const groupOf = (name: string): Group => {
    const group = groups.get(name);
    if (!group) throw fault("not_found", `no model of this name is served; served: ${namesOf(groups)}`);
    return group;
  };
  const inOrder = (name: string, work: () => Promise<void>): Promise<void> => {
    const turn = (queues.get(name) ?? Promise.resolve()).then(work);
    // The next one waits for this one whatever its end; the caller of this one gets its error.
    const settled = turn.catch(() => {}).finally(() => queues.get(name) === settled && queues.delete(name));
    queues.set(name, settled);
    return turn;
  };

  return {
    replace: (name, served, golden = null, beside = null) =>
      inOrder(name, async () => {
        const before = slotsOf(groups.get(name));
        const loaded: Slot[] = [];
        try {
          for (const model of [served, ...(beside?.models ?? [])])
            loaded.push(await slotOf(name, model, model === served ? golden : null));
        } catch (error) {
          for (const slot of loaded) if (!before.includes(slot)) free(slot);
          throw error;
        }
        const [live, ...others] = loaded as [Slot, ...Slot[]];
        groups.set(name, { live, others, beside: beside && watched(beside, groups.get(name), served) });
        for (const slot of before) if (!loaded.includes(slot)) retire(slot);
      }),
    remove: (name) =>
      inOrder(name, async () => {
        for (const slot of slotsOf(groups.get(name))) retire(slot);
        groups.delete(name);
      }),
    lease(name, { version, alias } = {}) {
      const group = groupOf(name);
      const slots = slotsOf(group);
      const fits = ({ model: { served } }: Slot) =>
        (version === undefined || version === String(served.version)) &&
        (alias === undefined || served.aliases.includes(alias));
      const slot = slots.find(fits);
      if (!slot) {
        const said = slots.map(({ model: { served } }) => served);
        if (alias === undefined)
          throw fault(
            "not_found",
            `model ${name} is served in version ${said.map((one) => one.version).join(", ")} only`,
          );
        const aliases = said.flatMap((one) => one.aliases).join(", ");
        throw fault("not_found", `model ${name} isn't served under this alias; it has: ${aliases || "none"}`);
      }
      return { model: slot.model, release: hold([slot]) };
    },
    leaseSplit(name) {
      const { live, others, beside } = groupOf(name);
      const standing = others.filter(({ model }) => !beside?.watch.gone.has(model.served.version));
      const models = new Map(standing.map(({ model }) => [model.served.version, model]));
      return { live: live.model, beside: beside && { ...beside, models }, release: hold([live, ...others]) };
    },
    list: () => [...groups.values()].map(({ live }) => live.model.served),
    gone: () =>
      [...groups].flatMap(([model, { beside }]) =>
        [...(beside?.watch.gone ?? [])].map(([version, because]) => ({
          ...{ model, version, because },
          split: beside!.split.salt,
        })),
      ),
    ready: () => atWork,
    started() {
      atWork = true;
    },
    async close() {
      await Promise.all(queues.values());
      for (const slot of [...groups.values()].flatMap(slotsOf)) retire(slot);
      groups.clear();
      await Promise.all(closing);
    },
  };
}

/** The split with its watch: the one that it had, where this very split was in force before. */
function watched(
  { split, limits }: Beside,
  before: Group | undefined,
  { output }: ServedModel,
): NonNullable<Group["beside"]> {
  const held = before?.beside;
  const same = held?.split.salt === split.salt;
  return { split, watch: same ? held.watch : splitWatch(split, limits ?? usualLimits(output.classes.length > 0)) };
}

const namesOf = (groups: Map<string, Group>): string => [...groups.keys()].sort().join(", ") || "none";
