/**
 * A swarm without a main job: what `muster up` starts, in the foreground or detached. Arguments: the processes to start;
 * none: all. Ends when it's asked to, by a signal or `muster down`.
 */
import { readConfig } from "@muster/shared/config.ts";
import { asFault } from "@muster/shared/fault.ts";
import { bringUp, type Swarm } from "./swarm.ts";
import { onEndRequested, say, showEvent } from "./terminal.ts";

const config = readConfig();
const abort = new AbortController();
let swarm: Swarm | null = null;
onEndRequested(async (code) => {
  abort.abort();
  if (!swarm) return;
  await swarm.stop();
  process.exit(code);
});
try {
  const named = process.argv.slice(2);
  const options = { home: config.home, config, onEvent: showEvent, abort: abort.signal };
  swarm = await bringUp(named.length > 0 ? { ...options, processes: named } : options);
  process.send?.({ ready: true });
  say(`gateway and page: ${swarm.urls.gateway}   models: ${swarm.urls.serving}`);
  if (!swarm.joined) await swarm.stopped;
  process.exit(0);
} catch (error) {
  const { code, message, data } = asFault(error);
  process.send?.({ error: { code, message, data } });
  say(`${code}: ${message}`);
  process.exit(1);
}
