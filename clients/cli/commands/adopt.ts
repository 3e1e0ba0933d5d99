import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { intoInbox } from "@muster/infra/main-job-data.ts";
import { callersFolder } from "@muster/shared/config.ts";
import { inboxFolder } from "@muster/shared/home.ts";
import { type Command, readArgs, usageFault } from "../command.ts";
import { gateway } from "../swarm.ts";

type Offered = { output: { outside: string; verdict: string } };
type Asked = { output?: { verdict: string } & Record<string, unknown>; request: string; status?: string };

export const adopt: Command = {
  name: "adopt",
  usage:
    "adopt FILE --dataset NAME --target COLUMN [--signature FILE.json] [--positive VALUE] [--name MODEL] [--register-only]",
  does: "takes a model that was made outside (XGBoost JSON or ONNX) through the same gates, and has it served and watched",
  async run(args) {
    const options = {
      dataset: { type: "string" },
      target: { type: "string" },
      signature: { type: "string" },
      positive: { type: "string" },
      name: { type: "string" },
      "register-only": { type: "boolean" },
    } as const;
    const { values, positionals } = readArgs(this, args, options, { min: 1, max: 1 });
    const { dataset, target, positive, name } = values;
    if (!dataset || !target) throw usageFault(this, "say which dataset it was trained on, and which column it tells");
    const signature = values.signature === undefined ? undefined : read(this, values.signature);
    const to = gateway();
    const [copied] = intoInbox(inboxFolder(to.state.home), positionals);
    const offer = await to.post<Offered>("/v1/tools/ml/offer_model", { file: copied!.file, signature });
    const { outside } = offer.output;
    const tool = values["register-only"] ? "ml/register_model" : "pipeline/schedule_request";
    const asked = await to.post<Asked>(`/v1/tools/${tool}`, { dataset, target, positive, name, outside });
    const document = { outside, ...asked };
    const words = [offer.output.verdict, asked.output?.verdict ?? `${asked.request} is ${asked.status}`];
    return { document, words: words.join("\n"), exit: asked.output ? 0 : 1 };
  },
};

function read(command: Command, file: string): unknown {
  try {
    return JSON.parse(readFileSync(resolve(callersFolder(), file), "utf8"));
  } catch {
    throw usageFault(command, `${file} is no JSON file that can be read`);
  }
}
