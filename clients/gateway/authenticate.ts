import { sha256 } from "@muster/shared/canonical.ts";
import { fault } from "@muster/shared/fault.ts";
import type { FastifyRequest } from "fastify";
import type { Visitor } from "./gate.ts";
import type { Doorway } from "./server.ts";

/** The name of the page's session cookie. */
export const sessionCookie = "muster_session";

/**
 * Who sends a request: by bearer token, or by the page's session cookie; null for nobody.
 * With a cookie every state change must come from our own origin (`denied` otherwise).
 */
export async function authenticate(request: FastifyRequest, { gate, sessions, now }: Doorway): Promise<Visitor | null> {
  const bearer = /^Bearer ([\x21-\x7e]{16,200})$/.exec(request.headers.authorization ?? "")?.[1];
  if (bearer) return gate.identify({ tokenHash: sha256(bearer) });
  const cookie = cookieOf(request, sessionCookie);
  if (!cookie) return null;
  const person = await sessions.session(sha256(cookie), now());
  if (!person) return null;
  if (request.method !== "GET" && request.method !== "HEAD" && !sameOrigin(request))
    throw fault("denied", "the request came from another origin");
  return gate.identify({ person });
}

/** The value of a cookie, or null. */
export function cookieOf(request: FastifyRequest, name: string): string | null {
  for (const part of (request.headers.cookie ?? "").split(";")) {
    const [key, value] = part.trim().split("=");
    if (key === name && value) return value;
  }
  return null;
}

/** Whether a browser says that the request comes from this very page. */
export function sameOrigin(request: FastifyRequest): boolean {
  const origin = request.headers.origin;
  return typeof origin === "string" && URL.canParse(origin) && new URL(origin).host === request.headers.host;
}
