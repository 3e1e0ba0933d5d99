import { agent } from "@muster/bus/agent.ts";
import { openProcess } from "@muster/bus/process.ts";
import { serve } from "@muster/bus/serve.ts";
import { tool } from "@muster/bus/tool.ts";
import { z } from "zod";

const n = z.object({ n: z.number() });
const numbers = { input: n, output: n, run: async ({ n }: { n: number }) => ({ n }) };
const needs = [{ is: "request.accepted" }, { is: "problem.defined" }, { is: "scope.pinned" }] as const;

/** What the other side of the bus bench serves: a gated read, a gated write, and a read that needs nothing. */
const ml = agent({
  name: "ml",
  does: "Answers what a bench asks.",
  tools: [
    tool({ ...numbers, needs, name: "gated_read", does: "Gives a number back.", effect: "read" }),
    tool({ ...numbers, needs, name: "gated_write", does: "Gives a number back.", effect: "write", fresh: false }),
    tool({ ...numbers, name: "open_read", does: "Gives a number back.", effect: "read" }),
  ],
  open: async () => ({ deps: {} }),
});

/** Serves the tools, and beside them on the same connection a bare responder that gives back what it was sent. */
async function open(): Promise<() => Promise<void>> {
  const opened = await openProcess();
  const stop = await serve({ process: opened, agent: ml, opened: { deps: {} } }, null);
  opened.nats.subscribe("muster.ml.bare", { callback: (_, message) => void message.respond(message.data) });
  await opened.nats.flush();
  process.send?.({ ready: true });
  return async () => {
    await stop();
    await opened.close();
  };
}

// Asked by any message, it goes on over a new connection: warm, and with nothing that the server remembers of the old one.
let close = await open();
process.on("message", async () => {
  await close();
  close = await open();
});
process.on("disconnect", () => process.exit(0));
process.on("SIGTERM", () => process.exit(0));
