/**
 * The sample company: a made-up finance app's customers over 18 months ending on 30 June 2026, in six CSV files with
 * planted truths. Pure in its options: the same seed gives the same bytes on every machine.
 */
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { NEXT_SNAPSHOT, NEXT_TO, SNAPSHOT, TO } from "./calendar.ts";
import { cardTransactions } from "./card-transactions.ts";
import { contracts } from "./contracts.ts";
import { csvFile } from "./csv.ts";
import { customers } from "./customers.ts";
import { stream } from "./draw.ts";
import { payments } from "./payments.ts";
import { type Life, simulateLives } from "./simulate.ts";
import { supportTickets } from "./support-tickets.ts";
import type { GrowingTable, NextMonth, SnapshotTable } from "./table.ts";
import { nothingPlanted, type Planted, type SampleTruth, truthOf } from "./truth.ts";
import { usageWeekly } from "./usage-weekly.ts";

/** A written table: where it lies, its dataset name, and its columns of event and arrival time. */
export type SampleFile = { path: string; name: string; time?: string; arrived?: string };

/** `customers` (default 10,000) is about how many to write. With `nextMonth`, July 2026 is written too. */
export type SampleOptions = { seed: number; nextMonth?: NextMonth; customers?: number };

/** The files of the snapshot and, where asked for, all six with July appended (same names, `dir/next-month/`). */
export type SampleCompany = { files: SampleFile[]; nextMonth: SampleFile[]; truth: SampleTruth };

type Place = { dir: string; nextDir: string; seed: number; month: NextMonth | null };

/** Writes the table as it stands at the end of the day; returns its rows. */
function writeSnapshot(table: SnapshotTable, index: number, lives: Life[], place: Place, asOf: number): number {
  const next = asOf > TO;
  const file = csvFile(join(next ? place.nextDir : place.dir, `${table.name}.csv`), table.columns.join(","));
  for (const life of lives) {
    const random = stream(place.seed, index, life.number);
    for (const line of table.rows(life, random, asOf, next ? place.month : null)) file.write(line);
  }
  file.close();
  return file.rows;
}

/** Writes the table's snapshot and, where asked for, a copy with the rows appended that arrived in the next month. */
function writeGrowing(table: GrowingTable, index: number, lives: Life[], place: Place, planted: Planted): number {
  const path = join(place.dir, `${table.name}.csv`);
  const file = csvFile(path, table.columns.join(","));
  const later: string[] = [];
  const emit = (line: string, arrived: number) => {
    if (arrived <= SNAPSHOT) file.write(line);
    else if (arrived <= NEXT_SNAPSHOT) later.push(line);
  };
  for (const life of lives) table.rows(life, stream(place.seed, index, life.number), place.month, emit, planted);
  file.close();
  if (place.month !== null) {
    const nextPath = join(place.nextDir, `${table.name}.csv`);
    copyFileSync(path, nextPath);
    const next = csvFile(nextPath, null);
    for (const line of later) next.write(line);
    next.close();
  }
  return file.rows;
}

/**
 * Generates the sample company into the folder: about a million rows and 70 MB for 10,000 customers, in a few seconds.
 * `truth` says what was planted. The snapshot's bytes depend on the seed and `customers` alone.
 */
export async function generateSampleCompany(dir: string, options: SampleOptions): Promise<SampleCompany> {
  const { seed } = options;
  const place: Place = { dir, nextDir: join(dir, "next-month"), seed, month: options.nextMonth ?? null };
  mkdirSync(place.month === null ? dir : place.nextDir, { recursive: true });
  const lives = simulateLives(seed, options.customers ?? 10_000);
  const planted = nothingPlanted();
  const snapshots = [customers(seed), contracts];
  const growing = [usageWeekly, payments, supportTickets(seed), cardTransactions(seed)];
  const rows: Record<string, number> = {};
  snapshots.forEach((table, i) => {
    rows[table.name] = writeSnapshot(table, i + 1, lives, place, TO);
    if (place.month !== null) writeSnapshot(table, i + 1, lives, place, NEXT_TO);
  });
  growing.forEach((table, i) => {
    rows[table.name] = writeGrowing(table, i + 3, lives, place, planted);
  });
  const filesIn = (folder: string): SampleFile[] =>
    [...snapshots, ...growing].map((table) => ({
      path: join(folder, `${table.name}.csv`),
      name: table.name,
      time: table.time,
      ...("arrived" in table ? { arrived: table.arrived } : {}),
    }));
  return {
    files: filesIn(dir),
    nextMonth: place.month === null ? [] : filesIn(place.nextDir),
    truth: truthOf(seed, lives, planted, rows, place.month),
  };
}
