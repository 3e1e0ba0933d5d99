import { describe, expect, it } from "vitest";
import { describeSettings, environmentFor, isSet, readConfig } from "./config.ts";

describe("settings", () => {
  it("has a default for everything a swarm needs on a bare machine", () => {
    const config = readConfig({});
    expect(config.http).toBe("127.0.0.1:4280");
    expect(config.serving).toBe("127.0.0.1:4281");
    expect(config.purpose).toBe("analytics");
    expect(config.deadlineMs).toBe(3_600_000);
    expect(config.threads).toBeGreaterThanOrEqual(1);
    expect(config.threads).toBeLessThanOrEqual(2);
    expect(config.natsUrl).toBeUndefined();
  });

  it("puts the data folder into the checkout, whatever the current folder", () => {
    const before = process.cwd();
    try {
      process.chdir("/");
      expect(readConfig({}).home).toMatch(/\/\.muster$/);
      expect(readConfig({}).home).not.toBe("/.muster");
      expect(readConfig({ MUSTER_HOME: "elsewhere" }).home).toBe(readConfig({}).home.replace(/\.muster$/, "elsewhere"));
      expect(readConfig({ MUSTER_HOME: "/data" }).home).toBe("/data");
    } finally {
      process.chdir(before);
    }
  });

  it("names the variable that can't be read, and not its value", () => {
    for (const [env, value] of [
      ["MUSTER_THREADS", "two"],
      ["MUSTER_HTTP", "7777"],
      ["MUSTER_HTTP", "127.0.0.1:99999"],
      ["REDIS_URL", "s3cret"],
    ] as const) {
      expect(() => readConfig({ [env]: value })).toThrow(env);
      expect(() => readConfig({ [env]: value })).not.toThrow(value);
    }
  });

  it("treats an empty variable as unset", () => {
    expect(readConfig({ MUSTER_HTTP: "" }).http).toBe("127.0.0.1:4280");
    expect(isSet("http", { MUSTER_HTTP: "" })).toBe(false);
    expect(isSet("http", { MUSTER_HTTP: "127.0.0.1:9" })).toBe(true);
  });

  it("tells where each value came from and never shows a secret", () => {
    const rows = describeSettings({ OPENAI_API_KEY: "sk-canary", MUSTER_SEED: "3" });
    expect(rows.find((row) => row.env === "MUSTER_SEED")).toMatchObject({ value: 3, source: "env" });
    expect(rows.find((row) => row.env === "MUSTER_PURPOSE")).toMatchObject({ value: "analytics", source: "default" });
    expect(rows.find((row) => row.env === "OPENAI_API_KEY")).toMatchObject({ value: "set", source: "env" });
    expect(JSON.stringify(rows)).not.toContain("sk-canary");
    expect(rows.some((row) => row.env === "MUSTER_NKEY_SEED")).toBe(false);
  });

  it("hands a process its own secrets and nobody else's", () => {
    const env = {
      PATH: "/bin",
      OPENAI_API_KEY: "sk",
      DATABASE_URL: "postgres://admin@x/y",
      AWS_SECRET: "no",
      MUSTER_SEED: "3",
      MUSTER_PROCESS: "forged",
    };
    const planner = environmentFor("planner", { process: "planner" }, env);
    const catalog = environmentFor(
      "catalog",
      { process: "catalog", databaseUrl: "postgres://muster_catalog@x/y" },
      env,
    );
    expect(planner).toEqual({ PATH: "/bin", OPENAI_API_KEY: "sk", MUSTER_SEED: "3", MUSTER_PROCESS: "planner" });
    expect(catalog).toEqual({
      PATH: "/bin",
      MUSTER_SEED: "3",
      MUSTER_PROCESS: "catalog",
      MUSTER_DATABASE_URL: "postgres://muster_catalog@x/y",
    });
  });
});
