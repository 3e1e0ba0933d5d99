import { lookup as resolve } from "node:dns";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { fault } from "./fault.ts";

/** Addresses that mean this machine or a network of its own, none of which the outside can name. */
const closed = new BlockList();
for (const [net, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
] as const)
  closed.addSubnet(net, bits, "ipv4");
for (const [net, bits] of [
  ["::", 127],
  ["64:ff9b::", 96],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
] as const)
  closed.addSubnet(net, bits, "ipv6");

/** Whether an address is this machine's own or of a private network. IPv4 written as IPv6 is judged as IPv4. */
export function isPrivate(address: string): boolean {
  const four = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  return closed.check(four, isIP(four) === 6 ? "ipv6" : "ipv4");
}

/** Hosts of a comma-separated setting, in lower case. */
export const hostsOf = (setting: string | undefined): string[] =>
  (setting ?? "")
    .split(",")
    .map((host) => host.trim().toLowerCase())
    .filter(Boolean);

/** The longest answer that is read, in bytes: more is cut off and can't be what was asked for. */
const answerBytes = 4 * 1024 * 1024;

/** What is sent out: JSON, with headers and a time limit; `allowed`: hosts that may have a private address. */
export type Outbound = {
  body: string;
  headers?: Record<string, string>;
  timeoutMs: number;
  allowed: readonly string[];
  signal?: AbortSignal;
};

const refused = (host: string) =>
  fault("denied", `${host} has a private address; name it in MUSTER_PRIVATE_HOSTS if it is meant`, { host });

/** A lookup that never gives a private address: what was looked at is what is connected to. */
const publicLookup: LookupFunction = (hostname, options, done) =>
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return done(error, "", 4);
    const closedOne = addresses.some(({ address }) => isPrivate(address));
    if (closedOne) return done(refused(hostname), "", 4);
    if (options.all) return done(null, addresses);
    done(null, addresses[0]!.address, addresses[0]!.family);
  });

/** Posts JSON to a URL of the administrator's settings and gives the status; as `sendJson` does. */
export const postJson = async (url: string, outbound: Outbound): Promise<number> =>
  (await sendJson("POST", url, outbound)).status;

/**
 * Sends JSON (nothing, with an empty body) to a URL of the administrator's settings and gives the status and the answer's
 * text; redirects aren't followed. `denied` where the host's address is private and not allowed, `unavailable` where it can't
 * be reached in time or answers without end.
 */
export async function sendJson(
  method: "GET" | "POST" | "DELETE",
  url: string,
  { body, headers, timeoutMs, allowed, signal }: Outbound,
): Promise<{ status: number; text: string }> {
  const target = new URL(url);
  const host = target.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  const open = allowed.includes(host) || allowed.includes(target.host.toLowerCase());
  if (!open && isIP(host) !== 0 && isPrivate(host)) throw refused(host);
  const request = target.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((done, fail) => {
    const limit = AbortSignal.timeout(timeoutMs);
    const call = request(
      target,
      {
        method,
        headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body), ...headers },
        signal: signal ? AbortSignal.any([limit, signal]) : limit,
        agent: false,
        ...(!open && { lookup: publicLookup }),
      },
      (response) => {
        const parts: Buffer[] = [];
        let bytes = 0;
        response.on("data", (part: Buffer) => {
          bytes += part.length;
          if (bytes > answerBytes) call.destroy(fault("unavailable", `${host} answers without end`));
          else parts.push(part);
        });
        response.on("end", () =>
          done({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString("utf8") }),
        );
        response.on("error", (error) => fail(fault("unavailable", `${host} stopped answering`, {}, error)));
      },
    );
    call.on("error", (error) =>
      fail(
        "code" in error && error.code === "denied"
          ? error
          : fault("unavailable", `${host} can't be reached`, {}, error),
      ),
    );
    call.end(body);
  });
}
