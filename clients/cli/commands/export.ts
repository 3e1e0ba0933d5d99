import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { callersFolder } from "@muster/shared/config.ts";
import type { ExportedFile } from "@muster/shared/domain/exported-run.ts";
import { fault } from "@muster/shared/fault.ts";
import { type Command, readArgs } from "../command.ts";
import { gateway } from "../swarm.ts";

type Status = { output: { detail: { data: string[] } | null; runs: { run: string }[] } };
type Exported = { output: { run: string; files: ExportedFile[]; verdict: string }; request: string };

export const exportRun: Command = {
  name: "export",
  usage: "export RUN DIR",
  does: "writes a run into a folder: training matrix, predictions, ONNX, signature and a notebook that reproduces its metrics",
  async run(args) {
    const { positionals } = readArgs(this, args, {}, { min: 2, max: 2 });
    const [run, dir] = positionals as [string, string];
    const folder = resolve(callersFolder(), dir);
    if (existsSync(folder) && readdirSync(folder).length > 0)
      throw fault("conflict", `${dir} holds files already; name a new folder or an empty one`);
    const to = gateway();
    const { output: status } = await to.post<Status>("/v1/tools/ml/get_ml_status", { run });
    const dataset = status.detail?.data.at(-1);
    if (!dataset) throw fault("unfit", `${run} was not trained here: there is no matrix to export`);
    const asked = { run: status.runs[0]!.run, dataset };
    const { output, request } = await to.post<Exported>("/v1/tools/ml/export_run", asked);
    if (!output) throw fault("precondition_failed", `the export waits for a yes; see npx muster requests ${request}`);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const { path, sha256 } of output.files) {
      const bytes = await to.bytes(`/v1/exports/${request}/${path}`);
      if (createHash("sha256").update(bytes).digest("hex") !== sha256)
        throw fault("broken_contract", `${path} arrived damaged; export the run again`);
      writeFileSync(join(folder, path), bytes, { mode: 0o600 });
    }
    const document = { run: output.run, folder, files: output.files.map(({ path, bytes }) => ({ path, bytes })) };
    return { document, words: `${output.verdict}\n${output.files.map(({ path }) => join(folder, path)).join("\n")}` };
  },
};
