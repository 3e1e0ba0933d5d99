import type { AnyTrx } from "./context.ts";
import type { SaidLineage } from "./lineage.ts";

/** What a run put off: into the final transaction, and until right after it. */
export type Works = {
  within: ((trx: AnyTrx) => Promise<void>)[];
  after: (() => void)[];
  values: Map<string, unknown>;
  lineage: SaidLineage | null;
};
/** Nothing put off yet. */
export const noWorks = (): Works => ({ within: [], after: [], values: new Map(), lineage: null });
