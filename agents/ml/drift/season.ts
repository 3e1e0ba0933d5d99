/** A cycle that times may follow, with its length in milliseconds. */
export type Season = { name: "year" | "week" | "day"; length: number; leastCycles: number };

const day = 86_400_000;
const seasons: Season[] = [
  { name: "year", length: 365.2425 * day, leastCycles: 2 },
  { name: "week", length: 7 * day, leastCycles: 8 },
  { name: "day", length: day, leastCycles: 8 },
];

/**
 * The reference rows that lie in the season of the current ones, and which seasons that held for.
 * A cycle counts where the current rows span less than half of it and the reference holds enough cycles and at least
 * `leastRows` rows in that part of them (a year: two cycles; a week or a day: eight). Times are milliseconds.
 */
export function sameSeason(
  times: { reference: Float64Array; current: Float64Array },
  leastRows: number,
): { rows: Int32Array; season: Season["name"][] } {
  let rows = Int32Array.from({ length: times.reference.length }, (_, i) => i);
  const season: Season["name"][] = [];
  const first = times.current.reduce((a, b) => Math.min(a, b), Infinity);
  const last = times.current.reduce((a, b) => Math.max(a, b), -Infinity);
  for (const { name, length, leastCycles } of seasons) {
    if (!(last - first < length / 2)) continue;
    const inPhase = rows.filter((i) => {
      const offset = (times.reference[i]! - first) % length;
      return (offset < 0 ? offset + length : offset) <= last - first;
    });
    if (inPhase.length === rows.length || inPhase.length < leastRows) continue;
    const cycles = new Set(Array.from(inPhase, (i) => Math.floor((times.reference[i]! - first) / length)));
    if (cycles.size < leastCycles) continue;
    rows = inPhase;
    season.push(name);
  }
  return { rows, season };
}
