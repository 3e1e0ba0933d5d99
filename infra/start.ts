/**
 * `npm start`: brings the swarm up, does the main job, prints the answer and keeps serving.
 * `--once` stops after the job, with its exit code; `--json` prints one document on stdout; `--data FILE…` and
 * `--ask TEXT` do the job on your own file and question.
 */
import { parseArgs } from "node:util";
import { readConfig } from "@muster/shared/config.ts";
import { asFault, type Fault, fault } from "@muster/shared/fault.ts";
import { tokenFile } from "@muster/shared/home.ts";
import { gatewayClient } from "./gateway-client.ts";
import { defaultAsk, runMainJob } from "./main-job.ts";
import { bringUp, type Swarm } from "./swarm.ts";
import { onEndRequested, say, showEvent } from "./terminal.ts";

type Options = { once: boolean; json: boolean; data: string[]; ask: string };

function parse(args: string[]): Options {
  const usage = (why: string) =>
    fault("invalid_input", `${why}; usage: npm start -- [--once] [--json] [--data FILE… --ask TEXT]`);
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        once: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        data: { type: "string", multiple: true, default: [] },
        ask: { type: "string" },
      },
    });
    // `--data a.csv b.csv`: what follows the first file are files too.
    if (positionals.length > 0 && values.data.length === 0) throw usage(`what is ${positionals[0]}?`);
    const data = [...values.data, ...positionals];
    if (data.length > 0 && !values.ask) throw usage("--data needs --ask");
    return { once: values.once, json: values.json, data, ask: values.ask ?? defaultAsk };
  } catch (error) {
    if (error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS"))
      throw usage(error.message);
    throw error;
  }
}

function fail(error: unknown, json: boolean): Fault {
  const { code, message, data } = asFault(error);
  if (json) process.stdout.write(`${JSON.stringify({ error: { code, message, data } })}\n`);
  say(`${code}: ${message}`);
  if (code === "internal") say(error instanceof Error ? (error.stack ?? "") : String(error));
  return asFault(error);
}

async function announce(swarm: Swarm): Promise<void> {
  if (swarm.joined) say(`a swarm already runs on ${swarm.home}; using it`);
  say(`gateway and page: ${swarm.urls.gateway}   models: ${swarm.urls.serving}`);
  const gateway = gatewayClient(swarm.urls.gateway, tokenFile(swarm.home));
  const { url } = await gateway.post<{ url: string }>("/v1/sign-in-links", {});
  say(`sign in (once): ${url}`);
}

async function start(options: Options): Promise<number> {
  const config = readConfig();
  const abort = new AbortController();
  let swarm: Swarm | null = null;
  onEndRequested(async (code) => {
    abort.abort();
    if (!swarm) return;
    await swarm.stop();
    process.exit(code);
  });
  swarm = await bringUp({ home: config.home, config, onEvent: showEvent, abort: abort.signal });
  let code = 1;
  try {
    code = await runMainJob({ ...options, gatewayUrl: swarm.urls.gateway, tokenFile: tokenFile(swarm.home), config });
    await announce(swarm);
  } catch (error) {
    fail(error, options.json);
  }
  if (options.once || swarm.joined) {
    await swarm.stop();
    return code;
  }
  say("serving; Ctrl-C or npx muster down stops it");
  await swarm.stopped;
  return 0;
}

const args = process.argv.slice(2);
try {
  process.exitCode = await start(parse(args));
} catch (error) {
  process.exitCode = fail(error, args.includes("--json")).code === "invalid_input" ? 2 : 1;
}
process.exit();
