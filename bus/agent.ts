import type { Parts } from "./part.ts";
import type { Process } from "./process.ts";
import type { Tool } from "./tool.ts";

/** An agent: its one concern, its tools, and what it opens. */
export type Agent = {
  readonly name: string;
  readonly does: string;
  readonly tools: readonly Tool[];
  /** Long tools work in a process of their own, `<name>-worker`; without it in the agent's own. */
  readonly worker?: boolean;
  /** Opens what the tools stand on (stores, the lake) and gives it; the only side effect. Tests pass their own. */
  readonly open: (process: Process) => Promise<Opened>;
};

/**
 * What an agent opened: merged into each tool's context. `close` ends it; `started` runs once the agent answers; `parts`
 * are taken by whichever process does its long work.
 */
export type Opened = {
  deps: object;
  close?: () => Promise<void>;
  started?: () => Promise<void>;
  parts?: Parts;
};

/** Makes an agent. */
export const agent = (declared: Agent): Agent => Object.freeze(declared);
