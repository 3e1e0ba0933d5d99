import { existsSync, readFileSync } from "node:fs";
import { type FaultCode, fault, faultCodes } from "@muster/shared/fault.ts";

/** Asks the gateway over HTTP. */
export type Gateway = {
  get: <T>(path: string) => Promise<T>;
  post: <T>(path: string, body: unknown, headers?: Record<string, string>) => Promise<T>;
  /** The bytes that a path answers. */
  bytes: (path: string) => Promise<Uint8Array>;
};

/** A gateway with the token of a home. Answers other than 2xx are thrown as the fault they carry. */
export function gatewayClient(url: string, file: string): Gateway {
  if (!existsSync(file)) throw fault("unavailable", `the gateway has made no token at ${file}; its log says why`);
  const authorization = `Bearer ${readFileSync(file, "utf8").trim()}`;
  const answerTo = async (
    method: "GET" | "POST",
    path: string,
    body?: unknown,
    more: Record<string, string> = {},
  ): Promise<Response> => {
    const headers: Record<string, string> = { authorization, ...more };
    if (body !== undefined) headers["content-type"] = "application/json";
    const response = await fetch(`${url}${path}`, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
    }).catch((error: unknown) => {
      throw fault("unavailable", "the gateway does not answer; muster status says what runs", {}, error);
    });
    if (response.ok) return response;
    const answer = (await response.json().catch(() => null)) as { error?: GatewayError } | null;
    const { code, message, data } = answer?.error ?? {};
    const known = code !== undefined && code in faultCodes ? (code as FaultCode) : "broken_contract";
    throw fault(known, message ?? `the gateway answered ${response.status} to ${method} ${path}`, data);
  };
  const ask = async <T>(...asked: Parameters<typeof answerTo>): Promise<T> =>
    (await (await answerTo(...asked)).json().catch(() => null)) as T;
  return {
    get: (path) => ask("GET", path),
    post: (path, body, headers) => ask("POST", path, body, headers),
    bytes: async (path) => new Uint8Array(await (await answerTo("GET", path)).arrayBuffer()),
  };
}

type GatewayError = { code?: string; message?: string; data?: Record<string, unknown> };
