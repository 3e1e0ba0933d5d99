import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { asFault, type FaultCode, fault } from "@muster/shared/fault.ts";
import { z } from "zod";

const longestPath = 100;

/** What a running supervisor can be asked: to stop all, or to stop or start one process. */
export const ControlCommand = z.discriminatedUnion("do", [
  z.object({ do: z.literal("stop") }),
  z.object({ do: z.literal("stop_process"), process: z.string() }),
  z.object({ do: z.literal("start_process"), process: z.string() }),
]);
export type ControlCommand = z.infer<typeof ControlCommand>;

type Reply = { ok: true } | { error: { code: FaultCode; message: string; data: Record<string, unknown> } };

/** Where the supervisor of a home listens: in the home, or in the temporary folder where that path would be too long. */
export function controlPath(home: string): string {
  const path = join(home, "control.sock");
  if (Buffer.byteLength(path) <= longestPath) return path;
  const folder = join(tmpdir(), `muster-control-${userInfo().uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return join(folder, `${createHash("sha256").update(home).digest("hex").slice(0, 16)}.sock`);
}

/** Listens for commands, one JSON line each; only our own user can connect. `close` ends it. */
export function serveControl(
  home: string,
  handle: (command: ControlCommand) => Promise<void>,
): Promise<() => Promise<void>> {
  const path = controlPath(home);
  // A socket file outlives a crash; the lock says that nobody else listens on it.
  rmSync(path, { force: true });
  const open = new Set<Socket>();
  const answering = new Set<Promise<void>>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    socket.on("error", () => socket.destroy());
    linesOf(socket).once("line", (line) => {
      // Noted before it begins: the command to stop closes us at once.
      const answered = Promise.resolve()
        .then(() => answer(line, handle))
        .then((reply) => void socket.end(`${JSON.stringify(reply)}\n`));
      answering.add(answered);
      void answered.finally(() => answering.delete(answered));
    });
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      chmodSync(path, 0o600);
      server.unref();
      resolve(async () => {
        const closed = new Promise<void>((done) => server.close(() => done()));
        // The command to stop is itself being answered; its reply goes out first.
        await Promise.all(answering);
        for (const socket of open) socket.destroySoon();
        await closed;
      });
    });
  });
}

/** The lines of a socket; its errors are heard on the socket itself, not a second time here. */
const linesOf = (socket: Socket) => createInterface({ input: socket }).on("error", () => {});

async function answer(line: string, handle: (command: ControlCommand) => Promise<void>): Promise<Reply> {
  try {
    const parsed = ControlCommand.safeParse(JSON.parse(line));
    if (!parsed.success) throw fault("invalid_input", "not a command of the supervisor");
    await handle(parsed.data);
    return { ok: true };
  } catch (error) {
    const { code, message, data } = asFault(error);
    return { error: { code, message, data } };
  }
}

/** Has the running supervisor of a home do something; resolves when it's done. Throws its fault, or `unavailable`. */
export function askSupervisor(home: string, command: ControlCommand): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(controlPath(home), () => socket.write(`${JSON.stringify(command)}\n`));
    const gone = (cause?: unknown) =>
      reject(fault("unavailable", "nothing is running; run npx muster up", { home }, cause));
    socket.once("error", gone);
    socket.once("close", () => gone());
    linesOf(socket).once("line", (line) => {
      const reply = JSON.parse(line) as Reply;
      if ("ok" in reply) resolve();
      else reject(fault(reply.error.code, reply.error.message, reply.error.data));
    });
  });
}
