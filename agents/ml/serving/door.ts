import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { fault } from "@muster/shared/fault.ts";

/** Whether an address to listen on is loopback: only there the data plane is open without a token. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, "").toLowerCase();
  return name === "localhost" || name === "::1" || (isIP(name) === 4 && name.startsWith("127."));
}

/** Paths that say only whether the process lives; open to probes. */
const probes: ReadonlySet<string> = new Set(["/v2/health/live", "/v2/health/ready", "/ping", "/health"]);

type Asking = { path: string; authorization: string | undefined; host: string | undefined };

/**
 * Who may ask. With a token: everything but probes wants `Authorization: Bearer …`, else `denied`. Without one
 * (loopback): the Host must be a loopback name, so that a web page can't reach in through a name that it resolves to
 * 127.0.0.1.
 */
export function door(token: string | null): (asking: Asking) => void {
  if (token === null) {
    return ({ host }) => {
      if (host !== undefined && !isLoopback(host.replace(/:\d+$/, ""))) {
        throw fault("denied", "this address answers only to loopback names; ask 127.0.0.1");
      }
    };
  }
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const wanted = digest(`Bearer ${token}`);
  return ({ path, authorization = "" }) => {
    if (probes.has(path)) return;
    if (!timingSafeEqual(digest(authorization), wanted))
      throw fault("denied", "send the token as Authorization: Bearer …");
  };
}
