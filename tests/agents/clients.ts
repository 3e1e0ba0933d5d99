import { defineProblem } from "@muster/ml/define-problem.ts";
import type { Feature } from "@muster/shared/domain/feature.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { type Trained, trainOnLake } from "./deployable.ts";

/** 800 made-up customers: those with short tenure on a monthly plan leave more often. */
const clientsSql = `
  SELECT 'c' || i AS id, ((i * 37) % 60)::DOUBLE AS tenure, CASE WHEN i % 3 = 0 THEN 'annual' ELSE 'monthly' END AS plan,
    CASE WHEN i % 41 = 0 THEN NULL ELSE (20 + (i * 13) % 80)::DOUBLE END AS fee, 'ada' || i || '@example.org' AS email,
    CASE WHEN ((i * 7919) % 100) < (CASE WHEN (i * 37) % 60 < 20 AND i % 3 <> 0 THEN 70 ELSE 12 END) THEN 'yes' ELSE 'no' END AS gone
  FROM range(800) t(i) ORDER BY i`;
/** Their features, each of the client's own row. */
export const clientFeatures: Feature[] = [
  { kind: "column", name: "tenure", column: "tenure", type: "number" },
  { kind: "column", name: "plan", column: "plan", type: "text" },
  { kind: "column", name: "fee", column: "fee", type: "number" },
  { kind: "log", name: "fee_log", column: "fee" },
];

/** Loads the clients and trains one kind of candidate on them, with another seed where one is given. */
export async function clientsTrained(lake: Lake, candidate = "xgboost_shallow", seed = 1): Promise<Trained> {
  const now = new Date("2026-07-01T00:00:00Z");
  const manifest = await writeQuery(lake, {
    name: "clients",
    kind: "source",
    sql: clientsSql,
    inputs: [],
    origin: "a test",
    now,
  });
  const counts = { id: 800, tenure: 60, plan: 2, fee: 80, email: 800, gone: 2 };
  const missing = Object.fromEntries(Object.keys(counts).map((name) => [name, 0]));
  const classes = [
    { label: "no", rows: 560 },
    { label: "yes", rows: 240 },
  ];
  const facts = { manifest, timeRange: {}, distinct: counts, missing, classes };
  const problem = defineProblem({ dataset: "clients", target: "gone", positive: "yes" }, facts, null);
  const scope = [`clients@${manifest.version}`];
  // No row is open: all are scored, as pipeline does for such a table.
  return trainOnLake(lake, problem, scope, clientFeatures, { candidate, scoringRole: "training", seed });
}
