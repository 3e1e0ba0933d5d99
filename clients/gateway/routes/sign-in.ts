import { randomBytes } from "node:crypto";
import { sha256 } from "@muster/shared/canonical.ts";
import type { FastifyInstance } from "fastify";
import { cookieOf, sessionCookie } from "../authenticate.ts";
import { type Doorway, visitorOf } from "../server.ts";

const linkMs = 15 * 60_000;
const sessionMs = 12 * 60 * 60_000;

/** Single-use sign-in links for the page, and the end of a session. */
export function signInRoutes(app: FastifyInstance, { gate, sessions, now }: Doorway): void {
  app.post(
    "/v1/sign-in-links",
    { config: { does: "Makes a single-use sign-in link for the page." } },
    async (request) => {
      const { person } = visitorOf(request);
      const code = randomBytes(24).toString("base64url");
      await sessions.addLink(sha256(code), person, new Date(now().getTime() + linkMs));
      return { url: `http://${request.headers.host ?? gate.process.config.http}/sign-in?code=${code}` };
    },
  );
  app.get(
    "/sign-in",
    { config: { open: "public", does: "Uses a sign-in link up and begins a session." } },
    async (request, reply) => {
      const { code } = request.query as { code?: string };
      const person = code ? await sessions.useLink(sha256(code), now()) : null;
      if (!person) return reply.redirect("/?signin=used");
      const session = randomBytes(32).toString("base64url");
      const expires = new Date(now().getTime() + sessionMs);
      await sessions.addSession(sha256(session), person, expires);
      reply.header(
        "set-cookie",
        `${sessionCookie}=${session}; Path=/; HttpOnly; SameSite=Lax; Expires=${expires.toUTCString()}`,
      );
      return reply.redirect("/");
    },
  );
  app.post("/v1/sign-out", { config: { does: "Ends the page's session." } }, async (request, reply) => {
    const session = cookieOf(request, sessionCookie);
    if (session) await sessions.endSession(sha256(session));
    reply.header("set-cookie", `${sessionCookie}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0`);
    return { ok: true };
  });
}
