import { readFileSync } from "node:fs";
import type { FastifyInstance } from "fastify";
import type { Doorway } from "../server.ts";

const file = (name: string) => readFileSync(new URL(`../page/${name}`, import.meta.url), "utf8");
const policy =
  "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** One plain page: ask, watch the plan, read the answer. Without a session it shows a sign-in card. */
export function pageRoutes(app: FastifyInstance, _doorway: Doorway): void {
  const send = (path: string, name: string, type: string, does: string) => {
    const text = file(name);
    app.get(path, { config: { open: "public", does } }, async (_request, reply) =>
      reply
        .type(type)
        .header("content-security-policy", policy)
        .header("x-content-type-options", "nosniff")
        .header("referrer-policy", "no-referrer")
        .send(text),
    );
  };
  send("/", "index.html", "text/html; charset=utf-8", "The page.");
  send("/page.css", "page.css", "text/css; charset=utf-8", "The page's style.");
  send("/page.js", "page.js", "text/javascript; charset=utf-8", "The page's script.");
}
