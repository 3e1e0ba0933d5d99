import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { generateSampleCompany } from "@muster/infra/sample-company/generate.ts";
import { openLake } from "@muster/shared/warehouse/lake.ts";
import { startSwarm } from "../support/swarm.ts";
import { executeNotebook } from "./notebook.ts";

/** What is installed into an environment of its own, from PyPI. */
const pinned = ["dbt-core==1.11.16", "dbt-duckdb==1.10.1", "duckdb==2.0.0"];

type File = { path: string; artifact: string };
type Exported = { output: { files: File[] } };

/**
 * Runs the exported dbt project of the sample company's churn view with dbt itself and compares its tables with ours; executes
 * the notebook of the exported run.
 */
export const evaluation = {
  name: "export",
  does: "the exported dbt models, built by dbt itself, against the matrices that the pipeline wrote, and the exported run's notebook, executed (installs both from PyPI)",
  async run() {
    const folder = mkdtempSync(join(tmpdir(), "muster-export-"));
    const python = join(folder, "python");
    const run = (command: string, args: string[]) =>
      execFileSync(command, args, { cwd: folder, stdio: "pipe" }).toString();
    run("python3", ["-m", "venv", python]);
    run(join(python, "bin", "pip"), ["install", "--quiet", ...pinned]);
    const it = await startSwarm();
    try {
      const { files } = await generateSampleCompany(join(folder, "company"), { seed: 20261121, customers: 1500 });
      for (const { path, ...more } of files) await it.owner.load(path, more);
      const view = await it.owner.ask("I want to predict customer churn for Q3");
      if (view.status !== "succeeded") throw new Error(view.error?.message ?? view.status);
      const runs = await it.owner.call<{ output: { freshness: { view: string }[] } }>("pipeline.get_pipeline_runs", {});
      const of = { view: runs.body.output.freshness[0]!.view };
      for (const format of ["dbt", "airflow"]) {
        const { body } = await it.owner.call<Exported>("pipeline.export_pipeline", { ...of, format });
        for (const { path, artifact } of body.output.files) {
          const response = await fetch(`${it.swarm.urls.gateway}/v1/artifacts/${artifact}`, {
            headers: { authorization: `Bearer ${it.owner.token}` },
          });
          mkdirSync(dirname(join(folder, path)), { recursive: true });
          writeFileSync(join(folder, path), Buffer.from(await response.arrayBuffer()));
        }
        if (format === "airflow") for (const { path } of body.output.files) run("python3", ["-m", "py_compile", path]);
      }
      writeFileSync(join(folder, "dbt_project.yml"), "name: exported\nversion: 1.0.0\nprofile: exported\n");
      const target = "{type: duckdb, path: built.duckdb, threads: 2}";
      writeFileSync(join(folder, "profiles.yml"), `exported:\n  target: here\n  outputs:\n    here: ${target}\n`);
      const lake = await openLake(it.home);
      const quiet = "DBT_SEND_ANONYMOUS_USAGE_STATS=false";
      const dbt = [join(python, "bin", "dbt"), "build", "--profiles-dir", "."];
      const told = run("env", [`MUSTER_LAKE=${lake.folder}`, quiet, ...dbt]);
      const [, passed = "0", failed = "0"] = /PASS=(\d+) WARN=\d+ ERROR=(\d+)/.exec(told) ?? [];
      const cases: { role: string; rows: number; missing: number; worst: number }[] = [];
      for (const role of ["training", "scoring"]) {
        const name = `churn_features_${role}`;
        const newest = await lake.newest(name);
        const numbers = newest!.columns.filter(({ type, name: c }) => type === "number" && !c.startsWith("__"));
        const apart = numbers.map(({ name: c }) => `max(abs(a."${c}" - b."${c}") / greatest(1, abs(b."${c}")))`);
        const script = `import duckdb, json
c = duckdb.connect("built.duckdb", read_only=True)
ours = "read_parquet('${lake.file(`${name}@${newest!.version}`)}')"
rows = c.sql("select count(*) from ${name}").fetchall()[0][0]
gone = c.sql(f"select count(*) from {ours} b anti join ${name} a using (__entity, __cutoff)").fetchall()[0][0]
worst = c.sql(f'''select ${apart.join(", ")} from ${name} a join {ours} b using (__entity, __cutoff)''').fetchall()[0]
print(json.dumps({"rows": rows, "missing": gone, "worst": max(w or 0 for w in worst)}))`;
        cases.push({ role, ...JSON.parse(run(join(python, "bin", "python"), ["-c", script])) });
      }
      const notebook = await executeNotebook(it, folder);
      const figures = {
        dbt_nodes_passed: Number(passed),
        dbt_nodes_failed: Number(failed),
        rows: cases.reduce((sum, { rows }) => sum + rows, 0),
        rows_missing: cases.reduce((sum, { missing }) => sum + missing, 0),
        worst_relative_difference: Math.max(...cases.map(({ worst }) => worst)),
        notebook_figures_reproduced: notebook.reproduced,
        notebook_worst_difference: notebook.worst,
        notebook_notices_a_changed_prediction: Number(notebook.noticed),
      };
      return { figures, cases: [...cases, notebook] };
    } finally {
      await it.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
