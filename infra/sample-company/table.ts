import type { Random } from "./draw.ts";
import type { Life } from "./simulate.ts";
import type { Planted } from "./truth.ts";

/** What the appended month is like: unchanged, really shifted, or damaged on its way in. */
export type NextMonth = "same" | "shift" | "broken_load";

/** Takes a row and the second it arrived; rows that arrived after the snapshot go to the next month's file. */
export type Emit = (line: string, arrived: number) => void;

/** A table that only grows: each customer's rows are drawn from the life and the table's own stream of numbers. */
export type GrowingTable = {
  name: string;
  columns: readonly string[];
  time: string;
  arrived: string;
  rows(life: Life, random: Random, month: NextMonth | null, emit: Emit, planted: Planted): void;
};

/** A table written anew at every load: one row as it stands at the end of the day, or none yet. */
export type SnapshotTable = {
  name: string;
  columns: readonly string[];
  time: string;
  rows(life: Life, random: Random, asOf: number, month: NextMonth | null): string[];
};
