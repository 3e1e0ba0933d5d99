import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startSwarm, type TestSwarm } from "../support/swarm.ts";

describe("the gateway as a door", () => {
  let it: TestSwarm;
  beforeAll(async () => {
    it = await startSwarm();
  });
  afterAll(() => it?.stop());

  test("answers nobody without a person, but for health, the page and its own description", async () => {
    const { paths } = (await (await fetch(`${it.swarm.urls.gateway}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { security: unknown[] }>>;
    };
    const open: string[] = [];
    for (const [path, methods] of Object.entries(paths))
      for (const [method, { security }] of Object.entries(methods)) {
        const url = `${it.swarm.urls.gateway}${path.replaceAll(/\{[a-z]+\}/gi, "x")}`;
        const response = await fetch(url, {
          method: method.toUpperCase(),
          redirect: "manual",
          ...(method === "post" && { headers: { "content-type": "application/json" }, body: "{}" }),
        });
        await response.body?.cancel();
        if (security.length === 0) open.push(path);
        else expect(`${method} ${path} ${response.status}`).toBe(`${method} ${path} 401`);
      }
    expect(open.sort()).toEqual([
      "/",
      "/healthz",
      "/metrics",
      "/openapi.json",
      "/page.css",
      "/page.js",
      "/readyz",
      "/sign-in",
    ]);
  });

  test("refuses a wrong token, a used link and another origin", async () => {
    const wrong = await fetch(`${it.swarm.urls.gateway}/v1/requests`, {
      headers: { authorization: `Bearer ${"n".repeat(40)}` },
    });
    expect(wrong.status).toBe(401);
    expect(await wrong.json()).toMatchObject({ error: { code: "denied" } });
    const { body } = await it.owner.http<{ url: string }>("POST", "/v1/sign-in-links", {});
    const first = await fetch(body.url, { redirect: "manual" });
    const cookie = first.headers.get("set-cookie")?.split(";")[0] ?? "";
    expect(first.headers.get("set-cookie")).toMatch(/HttpOnly; SameSite=Lax/);
    expect((await fetch(body.url, { redirect: "manual" })).headers.get("set-cookie")).toBeNull();
    expect((await fetch(`${it.swarm.urls.gateway}/v1/requests`, { headers: { cookie } })).status).toBe(200);
    const post = (origin: string) =>
      fetch(`${it.swarm.urls.gateway}/v1/requests`, {
        method: "POST",
        headers: { cookie, origin, "content-type": "application/json" },
        body: JSON.stringify({ text: "check nothing" }),
      });
    expect((await post("http://evil.example")).status).toBe(403);
    expect((await post(it.swarm.urls.gateway)).status).toBe(202);
  });

  test("a viewer looks but can't ask; an analyst can't change a budget; roles are read anew", async () => {
    const viewer = await it.addPerson("vera", ["viewer"]);
    expect((await viewer.http("GET", "/v1/requests")).status).toBe(200);
    expect((await viewer.http("POST", "/v1/requests", { text: "check it" })).body).toMatchObject({
      error: { code: "denied" },
    });
    const analyst = await it.addPerson("ann", ["analyst"]);
    expect(
      (await analyst.call("cost.set_budget", { scope: "everyone", period: "month", limitUsd: 1 })).body,
    ).toMatchObject({ error: { code: "denied" } });
    expect((await it.owner.call("governance.set_roles", { person: "ann", roles: ["viewer"] })).status).toBe(200);
    expect((await analyst.http("POST", "/v1/requests", { text: "check it" })).status).toBe(403);
  });

  test("wrong bodies name the path; too large ones and unknown routes are refused with a code", async () => {
    expect((await it.owner.http("POST", "/v1/requests", { text: 5 })).body).toMatchObject({
      error: { code: "invalid_input", data: { issues: [{ path: "text" }] } },
    });
    expect((await it.owner.http("POST", "/v1/requests", { text: "x", autonomy: "wild" })).body).toMatchObject({
      error: { code: "invalid_input" },
    });
    expect((await it.owner.http("POST", "/v1/requests", { text: "x".repeat(2_000_000) })).status).toBe(400);
    expect((await it.owner.http("GET", "/v1/nothing")).status).toBe(404);
    expect((await it.owner.http("GET", "/v1/requests/req_nothing")).body).toMatchObject({
      error: { code: "not_found" },
    });
    expect((await it.owner.call("ml.nothing", {})).body).toMatchObject({ error: { code: "not_found" } });
  });

  test.each([
    ["predict the weather on Mars", /not_found|invalid_input/],
    ["asdf qwer zxcv", /not_found|invalid_input/],
  ])("%s ends with what to do instead, and nothing half done", async (text, code) => {
    const view = await it.owner.ask(text);
    expect(view).toMatchObject({
      status: "failed",
      plan: [],
      answer: null,
      error: { code: expect.stringMatching(code) },
    });
    expect(view.finishedAt).not.toBeNull();
  });

  test.each([
    ["empty.csv", ""],
    ["header_only.csv", "a,b\n"],
  ])("refuses %s", async (file, text) => {
    const { status, body } = await it.owner.put(file, text);
    expect([400, 422]).toContain(status);
    expect(body).toMatchObject({ error: { message: expect.any(String) } });
  });

  test("events of a request resume where they were left", async () => {
    const { body } = await it.owner.http<{ id: string }>("POST", "/v1/requests", { text: "check nothing at all" });
    await it.owner.settle(body.id);
    const read = async (headers: Record<string, string>) => {
      const response = await fetch(`${it.swarm.urls.gateway}/v1/requests/${body.id}/events`, {
        headers: { authorization: `Bearer ${it.owner.token}`, ...headers },
      });
      return [...(await response.text()).matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));
    };
    const all = await read({});
    expect(all.length).toBeGreaterThan(1);
    expect(await read({ "last-event-id": String(all[0]) })).toEqual(all.slice(1));
  });
});
