import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call } from "@muster/bus/call.ts";
import { newId } from "@muster/bus/evidence.ts";
import { openJobs, work } from "@muster/bus/job.ts";
import type { Host } from "@muster/bus/perform.ts";
import type { Process } from "@muster/bus/process.ts";
import { serve } from "@muster/bus/serve.ts";
import { catalog } from "@muster/catalog/index.ts";
import { quality } from "@muster/quality/index.ts";
import { inboxFolder } from "@muster/shared/home.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bench, startBench } from "../support/process.ts";

const telco = new URL("../../../shared/datasets/telco_churn/telco_churn.csv", import.meta.url).pathname;

describe("the catalog and quality agents on real servers", () => {
  let bench: Bench;
  let door: Process;
  const stops: (() => Promise<void>)[] = [];
  const request = "req_test";

  beforeAll(async () => {
    bench = await startBench();
    door = await bench.process("gateway");
    for (const agent of [catalog, quality]) {
      const process = await bench.process(agent.name);
      const host: Host = { process, agent, opened: await agent.open(process) };
      const jobs = openJobs(bench.redisUrl, agent);
      stops.push(await serve(host, jobs), await work(host, bench.redisUrl), jobs.close);
    }
    mkdirSync(inboxFolder(bench.home), { recursive: true });
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
    await bench?.stop();
  });

  const accept = async () =>
    (
      await door.evidence.give({
        fact: "request.accepted",
        about: { request, person: "ada", purpose: "analytics" },
        verdict: "passed",
        request,
        person: "ada",
        uses: [],
        value: {
          request,
          person: "ada",
          roles: ["engineer"],
          purpose: "analytics",
          budgetUsd: null,
          autonomy: "act",
          textHash: "",
          schedule: null,
        },
      })
    ).id;
  const ask = (tool: string, input: Record<string, unknown>, receipts: string[] = []) =>
    call(door, { tool, input, receipts, request, key: newId("k"), deadline: Date.now() + 60_000 });
  const put = (name: string, text: string) => writeFileSync(join(inboxFolder(bench.home), name), text);

  test("loads a file, knows it again, lists and finds it", async () => {
    const rows = Array.from({ length: 200 }, (_, i) => `${i},${i % 7},${i % 3 ? "yes" : "no"}`).join("\n");
    put("shops.csv", `shop_id,size,open\n${rows}\n`);
    const receipts = [await accept()];
    const first = (await ask("catalog.register_dataset", { file: "shops.csv" }, receipts)).output as {
      version: string;
      rows: number;
    };
    expect(first.rows).toBe(200);
    const again = (await ask("catalog.register_dataset", { file: "shops.csv" }, receipts)).output as {
      version: string;
    };
    expect(again.version).toBe(first.version);
    const { datasets } = (await ask("catalog.list_datasets", {})).output as {
      datasets: { name: string; columns: { name: string; unique: boolean }[] }[];
    };
    expect(datasets.find((one) => one.name === "shops")?.columns[0]).toMatchObject({ name: "shop_id", unique: true });
    expect((await ask("catalog.search_datasets", { query: "shop size" })).output).toMatchObject({
      hits: [{ dataset: "shops" }],
    });
    expect((await ask("catalog.search_datasets", { query: "xyzzy qwrtp" })).output).toMatchObject({ hits: [] });
  });

  test.each([
    ["nothing.csv", "not_found"],
    ["../token", "denied"],
    ["/etc/passwd", "denied"],
  ])("refuses to open %s", async (file, code) => {
    const error = await ask("catalog.register_dataset", { file }, [await accept()]).catch((thrown) => thrown);
    expect([code, "invalid_input", "denied", "not_found"]).toContain(error.code);
    expect(error.code).not.toBe("internal");
  });

  test("refuses an empty file and one with a header only", async () => {
    put("empty.csv", "");
    put("header.csv", "a,b,c\n");
    for (const file of ["empty.csv", "header.csv"])
      await expect(ask("catalog.register_dataset", { file }, [await accept()])).rejects.toMatchObject({
        code: expect.stringMatching(/unfit|invalid_input/),
      });
  });

  test("profiles and checks a dataset; values stay out of the reply", async () => {
    const profiled = await ask("quality.profile_dataset", { dataset: "shops" });
    expect(JSON.stringify(profiled.output)).not.toContain("yes");
    const checked = await ask(
      "quality.check_dataset",
      { dataset: "shops" },
      profiled.given.map((one) => one.id),
    );
    expect(checked.output).toMatchObject({ passed: true, statistics: { older: 0 } });
    expect(checked.given[0]).toMatchObject({ fact: "quality.passed", verdict: "passed" });
  });

  test("expectations bind on the next version, and a broken load fails the gate with what would repair it", async () => {
    put(
      "shops.csv",
      `shop_id,size,open\n${Array.from({ length: 200 }, (_, i) => `${i % 20},,${i % 3 ? "yes" : "no"}`).join("\n")}\n`,
    );
    await ask("catalog.register_dataset", { file: "shops.csv" }, [await accept()]);
    const profiled = await ask("quality.profile_dataset", { dataset: "shops" });
    const checked = await ask(
      "quality.check_dataset",
      { dataset: "shops" },
      profiled.given.map((one) => one.id),
    );
    expect(checked.given[0]).toMatchObject({ verdict: "failed" });
    const output = checked.output as { passed: boolean; repair: string[]; statistics: { older: number } };
    expect(output.passed).toBe(false);
    expect(output.statistics.older).toBeGreaterThan(0);
    expect(output.repair.length).toBeGreaterThan(0);
  });

  test.skipIf(!existsSync(telco))(
    "telco_churn loads with its blanks as missing (needs ../shared/datasets)",
    async () => {
      copyFileSync(telco, join(inboxFolder(bench.home), "telco_churn.csv"));
      const loaded = (await ask("catalog.register_dataset", { file: "telco_churn.csv" }, [await accept()])).output;
      expect(loaded).toMatchObject({ name: "telco_churn", rows: 7043 });
      const profiled = await ask("quality.profile_dataset", { dataset: "telco_churn" });
      expect(
        (
          await ask(
            "quality.check_dataset",
            { dataset: "telco_churn" },
            profiled.given.map((one) => one.id),
          )
        ).output,
      ).toMatchObject({ passed: true });
    },
  );
});
