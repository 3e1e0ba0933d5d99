import { readFileSync } from "node:fs";

const CELL = /(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/g;

/** A written CSV file as one record of text per row; reads nothing of the generator's own code. */
export function readRecords(path: string): Record<string, string>[] {
  const [header, ...lines] = readFileSync(path, "utf8").trimEnd().split("\n");
  const names = header!.split(",");
  return lines.map((line) => {
    const cells = line.includes('"')
      ? [...line.matchAll(CELL)].map((m) => m[1]?.replaceAll('""', '"') ?? m[2]!)
      : line.split(",");
    return Object.fromEntries(names.map((name, i) => [name, cells[i]!]));
  });
}

/** Records grouped by the value of a column. */
export function grouped(records: readonly Record<string, string>[], column: string) {
  const groups = new Map<string, Record<string, string>[]>();
  for (const record of records) {
    const group = groups.get(record[column]!);
    if (group) group.push(record);
    else groups.set(record[column]!, [record]);
  }
  return groups;
}

/** The ISO date some days after another. */
export const daysAfter = (date: string, days: number): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

/** The arithmetic mean. */
export const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
