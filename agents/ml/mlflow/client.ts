import type { Config } from "@muster/shared/config.ts";
import { fault } from "@muster/shared/fault.ts";
import { hostsOf, sendJson } from "@muster/shared/outbound.ts";

const timeoutMs = 10_000;

/** An MLflow server over its REST API 2.0; answers other than 2xx are thrown as an `MlflowRefusal` or, to be tried again, as `unavailable`. */
export type Mlflow = {
  get: <T>(path: string, query: Record<string, string>) => Promise<T>;
  post: <T>(path: string, body: Record<string, unknown>) => Promise<T>;
  delete: (path: string, body: Record<string, unknown>) => Promise<void>;
};

/** The server says that this call can't be done as it is: its error code (`RESOURCE_ALREADY_EXISTS`), never its text. */
export class MlflowRefusal extends Error {
  override readonly name = "MlflowRefusal";
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string) {
    super(`MLflow answered ${status} ${code}`);
    this.status = status;
    this.code = code;
  }
}

/** What isn't the call's own fault: it is sent again. */
const again = (status: number) => status >= 500 || [401, 403, 408, 429].includes(status) || status < 200;

type Settings = Pick<Config, "mlflowUrl" | "mlflowToken" | "mlflowUser" | "mlflowPassword" | "privateHosts">;

/** Opens the server of the settings; null where none is set, or where what is set isn't reached over HTTP. */
export function openMlflow(config: Settings): Mlflow | null {
  const { mlflowUrl, mlflowToken, mlflowUser, mlflowPassword } = config;
  if (!mlflowUrl || !/^https?:$/.test(new URL(mlflowUrl).protocol)) return null;
  const allowed = hostsOf(config.privateHosts);
  const target = new URL(mlflowUrl);
  // A name and password may stand in the URL itself, as MLflow's own client takes them.
  const user = mlflowUser ?? (target.username ? decodeURIComponent(target.username) : undefined);
  const password = mlflowPassword ?? decodeURIComponent(target.password);
  target.username = target.password = "";
  const basic = user === undefined ? null : Buffer.from(`${user}:${password}`).toString("base64");
  const authorization = mlflowToken ? `Bearer ${mlflowToken}` : basic && `Basic ${basic}`;
  const headers = authorization ? { authorization } : undefined;
  const base = `${target.origin}${target.pathname.replace(/\/+$/, "")}/api/2.0/mlflow`;

  async function ask<T>(method: "GET" | "POST" | "DELETE", path: string, body: string): Promise<T> {
    const { status, text } = await sendJson(method, `${base}/${path}`, { body, headers, timeoutMs, allowed });
    if (status >= 200 && status < 300) return (text ? JSON.parse(text) : {}) as T;
    if (again(status) || status < 400) throw fault("unavailable", `the MLflow server answered ${status}`, { status });
    throw new MlflowRefusal(status, codeOf(text));
  }
  return {
    get: (path, query) => ask("GET", `${path}?${new URLSearchParams(query)}`, ""),
    post: (path, body) => ask("POST", path, JSON.stringify(body)),
    delete: (path, body) => ask("DELETE", path, JSON.stringify(body)),
  };
}

function codeOf(text: string): string {
  try {
    const code = (JSON.parse(text) as { error_code?: unknown }).error_code;
    return typeof code === "string" && /^[A-Z_]{1,64}$/.test(code) ? code : "UNKNOWN";
  } catch {
    return "UNKNOWN";
  }
}
