import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { bringUp, type Swarm } from "@muster/infra/swarm.ts";
import { testHome } from "@muster/infra/testing.ts";
import { sha256 } from "@muster/shared/canonical.ts";
import { readConfig } from "@muster/shared/config.ts";
import type { RequestView } from "@muster/shared/domain/request.ts";
import { inboxFolder, tokenFile } from "@muster/shared/home.ts";

/** What the gateway answered: status and JSON. */
export type Answered<T = Record<string, unknown>> = { status: number; body: T };

/** A person at the gateway: their token, and what they can do with it. */
export type Person = {
  token: string;
  http: <T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Answered<T>>;
  /** Asks and waits until the request has ended or waits for a person. */
  ask: (text: string, terms?: object) => Promise<RequestView>;
  settle: (id: string) => Promise<RequestView>;
  load: (file: string, more?: { name?: string; time?: string; arrived?: string }) => Promise<Answered>;
  /** Loads text as a file of the inbox. */
  put: (file: string, text: string, more?: { name?: string; time?: string; arrived?: string }) => Promise<Answered>;
  call: <T = { output: unknown; request: string }>(tool: string, input: object, bare?: boolean) => Promise<Answered<T>>;
};

/** A whole swarm in processes of its own, in a temporary home. */
export type TestSwarm = {
  swarm: Swarm;
  home: string;
  owner: Person;
  addPerson: (name: string, roles: string[]) => Promise<Person>;
  stop: () => Promise<void>;
};

const resting = ["succeeded", "failed", "cancelled", "awaiting_approval", "awaiting_answer"];

/** Brings a whole swarm up on free ports; `stop` ends it and removes its home. */
export async function startSwarm(env: Record<string, string> = {}): Promise<TestSwarm> {
  const { home, remove } = testHome();
  const config = readConfig({
    MUSTER_HOME: home,
    MUSTER_HTTP: "127.0.0.1:4280",
    MUSTER_SERVING: "127.0.0.1:4281",
    ...env,
  });
  const swarm = await bringUp({ home, config, addressesSet: { http: false, serving: false } });
  const person = (token: string): Person => personAt(swarm.urls.gateway, inboxFolder(home), token);
  const owner = person(readFileSync(tokenFile(home), "utf8").trim());
  return {
    swarm,
    home,
    owner,
    addPerson: async (name, roles) => {
      const token = `token-of-${name}-${"x".repeat(16)}`;
      const made = await owner.call("governance.add_person", { person: name, roles, tokenHash: sha256(token) });
      if (made.status !== 200) throw new Error(JSON.stringify(made.body));
      return person(token);
    },
    stop: async () => {
      await swarm.stop();
      remove();
    },
  };
}

function personAt(gateway: string, inbox: string, token: string): Person {
  const http: Person["http"] = async (method, path, body, headers = {}) => {
    const response = await fetch(`${gateway}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as never };
  };
  const settle = async (id: string): Promise<RequestView> => {
    for (;;) {
      const { body } = await http<RequestView>("GET", `/v1/requests/${id}`);
      if (resting.includes(body.status)) return body;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  const load: Person["load"] = (file, more = {}) => {
    mkdirSync(inbox, { recursive: true });
    copyFileSync(file, join(inbox, basename(file)));
    return http("POST", "/v1/datasets", { file: basename(file), ...more });
  };
  return {
    token,
    http,
    settle,
    load,
    put: (file, text, more = {}) => {
      mkdirSync(inbox, { recursive: true });
      writeFileSync(join(inbox, file), text);
      return http("POST", "/v1/datasets", { file, ...more });
    },
    ask: async (text, terms = {}) => {
      const { status, body } = await http<{ id: string }>("POST", "/v1/requests", { text, ...terms });
      if (status !== 202) throw new Error(`${status} ${JSON.stringify(body)}`);
      return settle(body.id);
    },
    call: (tool, input, bare = false) =>
      http("POST", `/v1/tools/${tool.replace(".", "/")}${bare ? "?bare=1" : ""}`, input) as never,
  };
}
