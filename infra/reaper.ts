import { spawn } from "node:child_process";

/** Ends what a supervisor started when the supervisor dies without doing so itself. */
export type Reaper = {
  pid: number;
  /** Ends the process (and its group) with this signal, then SIGKILL, once we are gone. */
  watch: (pid: number, signal: "TERM" | "INT" | "KILL") => void;
  forget: (pid: number) => void;
  /** Ends the reaper itself; what it watches stays. */
  stop: () => void;
};

/*
 * A shell holding the far end of a pipe to us: the pipe closes when we die, however we die. Shell, because it costs 1 MB.
 * It ignores the signals that a terminal sends to everyone, so that it outlives us.
 */
const script = `
trap '' INT TERM HUP QUIT
watched=""
while read -r verb pid signal; do
  case "$verb" in
    watch) watched="$watched $pid:$signal" ;;
    forget)
      rest=""
      for each in $watched; do [ "\${each%:*}" = "$pid" ] || rest="$rest $each"; done
      watched=$rest ;;
    stop) exit 0 ;;
  esac
done
for each in $watched; do kill -s "\${each#*:}" "\${each%:*}" 2>/dev/null; done
tries=0
while [ $tries -lt 50 ]; do
  left=""
  for each in $watched; do kill -0 "\${each%:*}" 2>/dev/null && left="$left $each"; done
  [ -n "$left" ] || break
  sleep 0.1
  tries=$((tries + 1))
done
for each in $watched; do kill -s KILL -- "-\${each%:*}" 2>/dev/null; done
`;

/** Starts a reaper of this process. Everything it watches must lead a process group of its own (`detached`). */
export function startReaper(): Reaper {
  const child = spawn("/bin/sh", ["-c", script, "muster-reaper"], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  // It may be killed too; writing to it then must not end us.
  child.stdin.on("error", () => {});
  child.unref();
  (child.stdin as unknown as { unref: () => void }).unref();
  const tell = (line: string) => void (child.stdin.writable && child.stdin.write(`${line}\n`));
  return {
    pid: child.pid!,
    watch: (pid, signal) => tell(`watch ${pid} ${signal}`),
    forget: (pid) => tell(`forget ${pid}`),
    stop: () => void child.stdin.end("stop\n"),
  };
}
