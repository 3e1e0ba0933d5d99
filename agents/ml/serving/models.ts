import { fault } from "@muster/shared/fault.ts";
import { type LoadedModel, loadModel } from "./loaded-model.ts";
import type { GoldenRows, ServedModel } from "./served-model.ts";

/** A model in use by one request; `release` must be called once when the answer is made. */
export type ModelLease = { model: LoadedModel; release(): void };

/** The models that are served, one version a name. */
export type Models = {
  /**
   * Puts a version in place of whatever bears the name: loads and warms it, compares golden rows, then moves one
   * pointer. Requests under way end on the old version, whose memory is freed after the last of them. On a failure the
   * old version stays. Replacements of one name happen in the order they were asked for.
   */
  replace(name: string, served: ServedModel, golden?: GoldenRows | null): Promise<void>;
  /** Takes a model out of service; requests under way still end. */
  remove(name: string): Promise<void>;
  /** The served version of a name, held until released. `not_found` says what is served. */
  lease(name: string, want?: { version?: string; alias?: string }): ModelLease;
  list(): ServedModel[];
  /** Whether everything that should be served at start is in place. */
  ready(): boolean;
  /** Says that the first set of models is in place. */
  started(): void;
  close(): Promise<void>;
};

type Slot = { model: LoadedModel; users: number; retired: boolean };

/** An empty set of served models. `onClosed` is told when an old version's memory is freed, with the error where that failed. */
export function servedModels(onClosed: (served: ServedModel, error?: unknown) => void = () => {}): Models {
  const slots = new Map<string, Slot>();
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
  const retire = (slot: Slot | undefined) => {
    if (!slot) return;
    slot.retired = true;
    if (slot.users === 0) free(slot);
  };
  const inOrder = (name: string, work: () => Promise<void>): Promise<void> => {
    const turn = (queues.get(name) ?? Promise.resolve()).then(work);
    // The next one waits for this one whatever its end; the caller of this one gets its error.
    const settled = turn.catch(() => {}).finally(() => queues.get(name) === settled && queues.delete(name));
    queues.set(name, settled);
    return turn;
  };

  return {
    replace: (name, served, golden = null) =>
      inOrder(name, async () => {
        if (served.name !== name) throw fault("invalid_input", `model ${served.name} can't be served as ${name}`);
        const model = await loadModel(served, golden);
        const old = slots.get(name);
        slots.set(name, { model, users: 0, retired: false });
        retire(old);
      }),
    remove: (name) =>
      inOrder(name, async () => {
        retire(slots.get(name));
        slots.delete(name);
      }),
    lease(name, { version, alias } = {}) {
      const slot = slots.get(name);
      const served = slot?.model.served;
      if (!slot || !served) throw fault("not_found", `no model of this name is served; served: ${namesOf(slots)}`);
      if (version !== undefined && version !== String(served.version)) {
        throw fault("not_found", `model ${name} is served in version ${served.version} only`);
      }
      if (alias !== undefined && !served.aliases.includes(alias)) {
        throw fault(
          "not_found",
          `model ${name} isn't served under this alias; it has: ${served.aliases.join(", ") || "none"}`,
        );
      }
      slot.users++;
      let held = true;
      return {
        model: slot.model,
        release() {
          if (!held) return;
          held = false;
          slot.users--;
          if (slot.retired && slot.users === 0) free(slot);
        },
      };
    },
    list: () => [...slots.values()].map(({ model }) => model.served),
    ready: () => atWork,
    started() {
      atWork = true;
    },
    async close() {
      await Promise.all(queues.values());
      for (const slot of slots.values()) retire(slot);
      slots.clear();
      await Promise.all(closing);
    },
  };
}

const namesOf = (slots: Map<string, Slot>): string => [...slots.keys()].sort().join(", ") || "none";
