import type { Engine } from "@muster/shared/warehouse/duckdb.ts";
import { quoteLiteral } from "@muster/shared/warehouse/quote.ts";
import { matchedWith } from "../outcomes/match.ts";
import type { ServingPackage } from "../serving/package.ts";
import { type Moments, momentsOf } from "./sequence.ts";
import type { Rollout } from "./store.ts";

/** What a version's entities came to; `values`: of the measure, one an entity that is told of. */
export type Group = { assigned: number; matured: number; told: number; values: Float64Array };

/** The groups of a test by version, the control share's, and the paired differences (challenger − live) of a shadow. */
export type Groups = { byVersion: Map<number, Group>; control: Group; paired: Moments | null };

type Row = {
  request: string;
  row: number;
  version: number;
  role: string;
  label: string | null;
  prediction: string;
  probabilities: string | null;
  matured: boolean;
};

/**
 * Reads what the entities of a test came to by now, from an engine with the relations `log` and `outcomes` (an empty one where none
 * is recorded): only what was predicted under this very split. An entity counts once, by the first prediction that has matured with
 * an outcome; the control share stands apart.
 */
export async function readGroups(
  engine: Engine,
  { problem, output }: Pick<ServingPackage, "problem" | "output">,
  { split, plan, live, beside }: Pick<Rollout, "split" | "plan" | "live" | "beside">,
  now: Date,
): Promise<Groups> {
  const within = `__split = ${quoteLiteral(split.salt)}`;
  const rows = await engine.query<Row>(`WITH ${matchedWith(problem, now)}, of AS (
      SELECT p.*, m.__label, m.__event_at FROM predicted p LEFT JOIN matched m USING (__request, __row, __version) WHERE p.${within})
    SELECT __request AS request, __row AS "row", __version AS version, __role AS role, __prediction AS prediction,
      __probabilities AS probabilities, __matured AS matured, CASE WHEN __matured THEN __label END AS label
    FROM of QUALIFY row_number() OVER (
      PARTITION BY __entity, __version, __role = 'shadow'
      ORDER BY (__matured AND __label IS NOT NULL) DESC, __matured DESC, __at, __request, __row) = 1
    ORDER BY __version, __entity`);
  const measured = (row: Row): number => {
    if (plan.measure === "outcome")
      return output.task === "regression" ? Number(row.label) : Number(row.label === positiveClass(output.classes));
    if (output.task === "regression") return (Number(row.prediction) - Number(row.label)) ** 2;
    const shares = JSON.parse(row.probabilities ?? "{}") as Record<string, number>;
    // Brier's score over all classes, halved for two, so that it is the usual one there.
    const sum = output.classes.reduce((all, name) => all + ((shares[name] ?? 0) - Number(row.label === name)) ** 2, 0);
    return output.classes.length === 2 ? sum / 2 : sum;
  };
  const group = (of: Row[]): Group => {
    const matured = of.filter((row) => row.matured);
    const told = matured.filter((row) => row.label !== null);
    return {
      ...{ assigned: of.length, matured: matured.length, told: told.length },
      values: Float64Array.from(told, measured),
    };
  };
  const control = group(rows.filter(({ role }) => role === "control"));
  const versions = [live.version, ...beside.map(({ version }) => version)];
  // What was never to be acted on tells nothing of acting, but it was assigned and answered like the rest.
  const counted = plan.measure === "outcome" ? (row: Row) => row.role !== "control" : () => true;
  const byVersion = new Map(
    versions.map((version) => {
      const own = rows.filter((row) => row.version === version);
      const all = group(own.filter(counted));
      return [version, { ...all, assigned: own.length }];
    }),
  );
  return { byVersion, control, paired: plan.share === null ? pairs(rows, live.version, measured) : null };
}

function pairs(rows: readonly Row[], live: number, measured: (row: Row) => number): Moments {
  const key = ({ request, row }: Row) => `${request} ${row}`;
  const shadows = new Map(rows.filter(({ role }) => role === "shadow").map((row) => [key(row), row]));
  const differences = rows.flatMap((row) => {
    const shadow = row.version === live && row.role !== "shadow" ? shadows.get(key(row)) : undefined;
    const told = shadow && row.label !== null && shadow.label !== null;
    return told ? [measured(shadow) - measured(row)] : [];
  });
  return momentsOf(differences);
}

/** The class whose share is counted: the last, as everywhere in a binary problem. */
const positiveClass = (classes: readonly string[]): string => classes.at(-1)!;
