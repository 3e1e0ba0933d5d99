import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { afterDecision, effectsOf, flatTable, lakeRows, stepOf, toolsDone } from "../support/story.ts";
import { startSwarm, type TestSwarm } from "../support/swarm.ts";

const nothing = { runs: 0, models: 0, deployments: 0, schedules: 0 };

describe("bad input", () => {
  let it: TestSwarm;
  beforeAll(async () => {
    it = await startSwarm();
  }, 120_000);
  afterAll(() => it?.stop());

  describe("the gateway as a door", () => {
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

  const put = async (name: string, text: string) => {
    const { status, body } = await it.owner.put(`${name}.csv`, text, { name });
    expect([name, status, body]).toEqual([name, 201, expect.anything()]);
    return (body.datasets as { name: string; version: string }[])[0]!;
  };

  test.each([
    ["an empty file", "empty.csv", ""],
    ["a header alone", "header.csv", "usage,plan,churn\n"],
    ["a file of bytes that are no text", "bytes.csv", "a,b\n\u0000\u0001,\u0002\n"],
  ])("%s is refused and nothing is registered", async (_, file, text) => {
    const before = await effectsOf(it.owner);
    const { status, body } = await it.owner.put(file, text);
    expect([400, 422]).toContain(status);
    expect(body).toMatchObject({ error: { code: expect.stringMatching(/invalid_input|unfit/) } });
    expect(await effectsOf(it.owner)).toEqual(before);
  });

  test("a file that isn't there, or isn't in the inbox, is not found or refused", async () => {
    const gone = await it.owner.http("POST", "/v1/datasets", { file: "no_such.csv" });
    expect(gone).toMatchObject({ status: 404, body: { error: { code: "not_found" } } });
    const outside = await it.owner.http("POST", "/v1/datasets", { file: "../token" });
    expect(outside).toMatchObject({ status: 403, body: { error: { code: "denied" } } });
  });

  test.each([
    [
      "one column",
      "lonely",
      `amount\n${Array.from({ length: 200 }, (_, i) => i % 7).join("\n")}\n`,
      "amount",
      /no column beside amount/,
    ],
    ["a target with one class", "stayed", flatTable(200, 1, () => "no"), "churn", /one class only/],
    ["a target without a value", "unlabelled", flatTable(200, 2, () => ""), "churn", /no value in any row/],
  ])("%s can't be learned from: said plainly, and nothing is trained", async (_, name, text, target, says) => {
    await put(name, text);
    const view = await it.owner.ask(`predict ${target} in ${name}`);
    expect(view).toMatchObject({ status: "failed", answer: null });
    expect(view.error).toMatchObject({ code: "unfit", message: expect.stringMatching(says) });
    expect(toolsDone(view)).not.toContain("governance.clear_training");
    expect(await effectsOf(it.owner)).toMatchObject(nothing);
  });

  test("two tables that both fit are asked about, once", async () => {
    await put("north", flatTable(400, 3));
    await put("south", flatTable(400, 4));
    const asked = await it.owner.ask("predict customer churn");
    expect(asked).toMatchObject({ status: "awaiting_answer", plan: [] });
    expect(asked.question!.candidates.join(" ")).toMatch(/north/);
    expect(asked.question!.candidates.join(" ")).toMatch(/south/);
    expect(await effectsOf(it.owner)).toMatchObject(nothing);
    await it.owner.http("POST", `/v1/requests/${asked.id}/cancel`, {});
    expect(await it.owner.settle(asked.id)).toMatchObject({ status: "cancelled", question: null });
  });

  test("a spent budget refuses before anything is trained", async () => {
    const limit = (limitUsd: number) => ({ scope: "everyone", period: "month", limitUsd });
    expect((await it.owner.call("cost.set_budget", limit(0))).status).toBe(200);
    const view = await it.owner.ask("predict churn in north");
    expect(view).toMatchObject({ status: "failed", error: { code: "over_budget" } });
    expect(toolsDone(view)).not.toContain("ml.train_model");
    expect(await effectsOf(it.owner)).toMatchObject(nothing);
    expect((await it.owner.call("cost.set_budget", limit(10))).status).toBe(200);
  });

  test("with a gate's agent stopped the request names it; with it back the same request succeeds", async () => {
    await it.swarm.stopProcess("quality");
    const view = await it.owner.ask("predict churn in south");
    expect(view).toMatchObject({ status: "failed", error: { code: "unavailable" } });
    expect(JSON.stringify(view.error)).toContain("quality");
    expect(await effectsOf(it.owner)).toMatchObject(nothing);
    await it.swarm.startProcess("quality");
    const again = await it.owner.ask("predict churn in south");
    expect(again).toMatchObject({ status: "succeeded", error: null });
    expect(await effectsOf(it.owner)).toMatchObject({ runs: 1, models: 1, deployments: 1, schedules: 1 });
  }, 90_000);

  test("data that changed while a plan waited are never mixed with what was checked before", async () => {
    const first = await put("east", flatTable(400, 5));
    const waiting = await it.owner.ask("predict churn in east", { autonomy: "propose", name: "east_churn" });
    expect(waiting.status).toBe("awaiting_approval");
    const second = await put("east", flatTable(500, 6));
    expect(second.version).not.toBe(first.version);
    await it.owner.http("POST", `/v1/requests/${waiting.id}/approve`, {});
    const view = await afterDecision(it.owner, waiting.id);
    expect(view.status).toBe("succeeded");
    const { dataset } = stepOf(view, "pipeline.build_labels")!.output as { dataset: string };
    const labels = await lakeRows<{ n: number }>(it.home, dataset, "SELECT count(*)::DOUBLE AS n FROM $it");
    expect(labels[0]!.n).toBe(500);
    expect(view.answer!.predictions!.rows).toBe(500);
    const plan = JSON.stringify(view.plan);
    expect(plan).toContain(`east@${second.version}`);
    expect(plan).not.toContain(`east@${first.version}`);
  }, 90_000);

  test("data that changed after the training are not served by what was trained before", async () => {
    // What the columns say nothing of is exploratory, and waits for an approver.
    const byChance = (row: number) => ((row * 7919) % 100 < 35 ? "yes" : "no");
    await put("west", flatTable(400, 7, byChance));
    const waiting = await it.owner.ask("predict churn in west", { name: "west_churn" });
    expect(waiting).toMatchObject({ status: "awaiting_approval", approval: { role: "approver" } });
    const before = await effectsOf(it.owner);
    const { version } = await put("west", flatTable(400, 8));
    await it.owner.http("POST", `/v1/requests/${waiting.id}/approve`, {});
    const view = await afterDecision(it.owner, waiting.id);
    expect(view).toMatchObject({
      status: "failed",
      error: { code: "conflict", message: expect.stringContaining("west changed since it was checked") },
    });
    const { datasets, ...effects } = await effectsOf(it.owner);
    expect(effects).toEqual({ ...before, datasets: undefined });
    expect(datasets).toContain(`west@${version}`);
  }, 90_000);
});
