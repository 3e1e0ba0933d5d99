import type { Exported, ExportFile } from "./dbt.ts";

/** When an exported pipeline runs: a cron line with its time zone, or only when it is asked. */
export type Timetable = { cron: string; timeZone: string } | null;

/** A Python string: JSON's escapes are Python's. */
const text = (value: string): string => JSON.stringify(value);

/**
 * A view as one Airflow DAG file (Airflow 2.4 or newer, 3 included): labels, then a matrix for each role, each a call of
 * the same tool through the same gates. MUSTER_CHECKOUT names the folder where `npx muster` runs.
 */
export function airflowFile({ name, hash, problem, dataset }: Exported, timetable: Timetable): ExportFile {
  const calls: [string, string, Record<string, string>][] = [
    ["labels", "pipeline.build_labels", { problem, dataset }],
    ...(["training", "holdout", "scoring"] as const).map((role): [string, string, Record<string, string>] => [
      `features_${role}`,
      "pipeline.materialize_features",
      { problem, dataset, role },
    ]),
  ];
  const tasks = calls.map(
    ([task, tool, input]) => `    ${task} = BashOperator(
        task_id=${text(task)},
        bash_command="npx muster call " + ${text(tool)} + " " + shlex.quote(json.dumps(${JSON.stringify(input)})) + " --json",
        cwd=os.environ["MUSTER_CHECKOUT"],
        append_env=True,
    )`,
  );
  const schedule = timetable === null ? "None" : text(timetable.cron);
  const start = timetable === null ? "UTC" : timetable.timeZone;
  const source = `"""The feature view ${name} (view ${hash.slice(0, 12)}), written by muster."""
import json
import os
import shlex
from datetime import timedelta

import pendulum
from airflow import DAG

try:
    from airflow.providers.standard.operators.bash import BashOperator
except ImportError:
    from airflow.operators.bash import BashOperator

with DAG(
    dag_id=${text(`muster_${name}`)},
    schedule=${schedule},
    start_date=pendulum.datetime(2020, 1, 1, tz=${text(start)}),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=1), "execution_timeout": timedelta(hours=1)},
    tags=["muster"],
) as dag:
${tasks.join("\n")}
    labels >> features_training >> [features_holdout, features_scoring]
`;
  return { path: `dags/muster_${name}.py`, text: source };
}
