import { type CodedColumn, type CodedTable, crossed, type Groups, groupsOf } from "./coded.ts";

/**
 * A column that is (nearly) determined by one or two others. `rows`: rows that have all of them; `groups`: values of the
 * determinant that two rows or more share; `holds`: share of the rows in those groups whose value is their group's most
 * frequent (1 − g3 of Kivinen and Mannila 1995, over groups that can break it); `strength`: μ⁺ of Parciak et al. 2024.
 */
export type Dependency = {
  determinant: string[];
  dependent: string;
  rows: number;
  groups: number;
  holds: number;
  strength: number;
};

/** From this μ⁺ on a dependency is believed: chance and an uneven dependent are already taken off. */
const STRENGTH = 0.75;
/** Two columns cut a table into so many groups that more is asked of them. */
const PAIR_STRENGTH = 0.95;
/** What one column tells so well needs no second. */
const SURE = 0.98;
/** At least this share of the rows has to lie in groups that could break the rule. */
const COVERED = 0.5;
/** A second column has to leave out at least this share of what breaks the rule of the first alone. */
const GAIN = 0.5;
/** Rows in a determinant's shared groups, and such groups, below which nothing is said. */
const FEWEST_ROWS = 20;
const FEWEST_GROUPS = 2;
const REPEATING = 0.7;
const MOST_COLUMNS = 60;
/** For each dependent, pairs are made of the columns that determine it best alone. */
const PAIRED = 8;

/** How well the codes of a determinant tell a column. */
export type Fit = Omit<Dependency, "determinant" | "dependent">;

/** Measures how well groups of rows (by determinant) tell `y`; null where too few rows or groups could break the rule. */
export function fitOf({ rows, starts }: Groups, y: CodedColumn): Fit | null {
  const counts = new Int32Array(y.values.length);
  let [n, determinants, shared, sharedGroups, kept, pdep] = [0, 0, 0, 0, 0, 0];
  const totals = new Int32Array(y.values.length);
  for (let g = 0; g + 1 < starts.length; g++) {
    let [size, most, squares] = [0, 0, 0];
    for (let i = starts[g]!; i < starts[g + 1]!; i++) {
      const code = y.codes[rows[i]!]!;
      if (code < 0) continue;
      size++;
      totals[code]!++;
      const count = ++counts[code]!;
      squares += 2 * count - 1;
      if (count > most) most = count;
    }
    for (let i = starts[g]!; i < starts[g + 1]!; i++) {
      const code = y.codes[rows[i]!]!;
      if (code >= 0) counts[code] = 0;
    }
    if (size === 0) continue;
    n += size;
    determinants++;
    pdep += squares / size;
    if (size < 2) continue;
    shared += size;
    sharedGroups++;
    kept += most;
  }
  if (shared < FEWEST_ROWS || shared < COVERED * n || sharedGroups < FEWEST_GROUPS || n <= determinants) return null;
  let uneven = 0;
  for (const total of totals) uneven += (total / n) ** 2;
  if (uneven >= 1) return null;
  const mu = 1 - ((1 - pdep / n) / (1 - uneven)) * ((n - 1) / (n - determinants));
  return { rows: n, groups: sharedGroups, holds: kept / shared, strength: Math.max(0, mu) };
}

/** Columns whose values repeat and differ: others determine everything, or are determined by everything. */
const usable = ({ counts }: CodedColumn) => {
  const there = counts.reduce((sum, count) => sum + count, 0);
  const different = counts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
  return different > 1 && there >= FEWEST_ROWS && different <= REPEATING * there;
};

/** A number with a fraction measures; what goes with each of its values does so by chance. */
const determines = ({ type }: CodedColumn) => type !== "number";

/** Dependencies that hold between the columns: single determinants first, then pairs where one alone leaves much unsaid. */
export function findDependencies(table: CodedTable): Dependency[] {
  const columns = table.columns.filter(usable).slice(0, MOST_COLUMNS);
  const grouped = new Map(columns.map((c) => [c, groupsOf(c.codes, c.values.length)]));
  const found: Dependency[] = [];
  const pairs = new Map<string, Groups>();
  const groupsOfPair = (a: CodedColumn, b: CodedColumn): Groups => {
    const key = `${table.columns.indexOf(a)} ${table.columns.indexOf(b)}`;
    let groups = pairs.get(key);
    if (!groups) {
      const { codes, groups: n } = crossed(a, b);
      groups = groupsOf(codes, n);
      pairs.set(key, groups);
    }
    return groups;
  };
  for (const y of columns) {
    const singles = columns
      .filter((x) => x !== y && determines(x))
      .map((x) => ({ x, fit: fitOf(grouped.get(x)!, y) }))
      .filter((one): one is { x: CodedColumn; fit: Fit } => one.fit !== null)
      .sort((a, b) => b.fit.strength - a.fit.strength);
    for (const { x, fit } of singles)
      if (fit.strength >= STRENGTH) found.push({ determinant: [x.name], dependent: y.name, ...fit });
    const best = (singles[0]?.fit.strength ?? 0) < SURE ? singles.slice(0, PAIRED) : [];
    for (const [i, a] of best.entries())
      for (const b of best.slice(i + 1)) {
        const alone = Math.max(a.fit.strength, b.fit.strength);
        const fit = fitOf(groupsOfPair(a.x, b.x), y);
        if (fit === null || fit.strength < PAIR_STRENGTH || 1 - fit.strength > (1 - alone) * (1 - GAIN)) continue;
        found.push({ determinant: [a.x.name, b.x.name], dependent: y.name, ...fit });
      }
  }
  return found;
}
