/**
 * The swarm in the background: what `muster up --detach` starts. Brings it up, writes what happens to
 * `<home>/logs/supervisor.log` and stays until `muster down` or a signal.
 */
import { readConfig } from "@muster/shared/config.ts";
import { asFault } from "@muster/shared/fault.ts";
import { bringUp, type Swarm } from "./swarm.ts";
import { onEndRequested, say, showEvent } from "./terminal.ts";

const config = readConfig();
const names = process.argv.slice(2);
const abort = new AbortController();
let swarm: Swarm | null = null;
onEndRequested((code) => {
  abort.abort();
  // While it comes up, giving up stops what was started; exiting here would leave that to the reaper.
  void swarm?.stop().then(() => process.exit(code));
});
try {
  swarm = await bringUp({
    home: config.home,
    config,
    onEvent: showEvent,
    abort: abort.signal,
    ...(names.length > 0 && { processes: names }),
  });
  await swarm.stopped;
  process.exit(0);
} catch (error) {
  const { code, message } = asFault(error);
  say(`${code}: ${message}`);
  process.exit(1);
}
