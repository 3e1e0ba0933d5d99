import { intoInbox } from "@muster/infra/main-job-data.ts";
import { inboxFolder } from "@muster/shared/home.ts";
import { type Command, readArgs, usageFault } from "../command.ts";
import { gateway } from "../swarm.ts";
import { table } from "../table.ts";

type Loaded = {
  datasets: { name: string; version: string; rows: number; columns: { name: string; type: string }[] }[];
};

export const load: Command = {
  name: "load",
  usage: "load FILE… [--as NAME] [--time COLUMN] [--arrived COLUMN]",
  does: "loads CSV, CSV.gz, Parquet or JSON lines as datasets of the lake",
  async run(args) {
    const { values, positionals } = readArgs(
      this,
      args,
      { as: { type: "string" }, time: { type: "string" }, arrived: { type: "string" } },
      { min: 1, max: 1000 },
    );
    if (values.as && positionals.length > 1) throw usageFault(this, "--as names one file");
    const to = gateway();
    const datasets: Loaded["datasets"] = [];
    for (const { file } of intoInbox(inboxFolder(to.state.home), positionals))
      datasets.push(
        ...(
          await to.post<Loaded>("/v1/datasets", { file, name: values.as, time: values.time, arrived: values.arrived })
        ).datasets,
      );
    const rows = datasets.map((one) => [one.name, one.rows, one.columns.length, one.version.slice(0, 12)]);
    return { document: { datasets }, words: table(["dataset", "rows", "columns", "version"], rows) };
  },
};
