import { migrate } from "@muster/shared/database/migrate.ts";
import pg from "pg";
import { expect, it, onTestFinished } from "vitest";
import { asRole, databaseRoles } from "./data-servers.ts";
import { fixtureProcesses } from "./fixtures/processes.ts";
import { printSetup } from "./print-setup.ts";
import { startServers } from "./testing.ts";

it("prints SQL under which a database of one's own takes the swarm's roles", async () => {
  const servers = await startServers({ postgres: true, processes: fixtureProcesses });
  onTestFinished(servers.stop);
  const { words: text } = printSetup(servers, fixtureProcesses);
  expect(text).toContain(servers.keys.ring.gateway);
  const admin = new pg.Client({ connectionString: servers.databaseUrl });
  await admin.connect();
  for (const line of text.split("\n").filter((each) => each.startsWith("create ")))
    await admin.query(line.replace("…", "secret").replace("database muster ", "database own "));
  await admin.end();
  const url = new URL(servers.databaseUrlFor("muster_owner", "secret"));
  url.pathname = "/own";
  await migrate(url.href, databaseRoles(fixtureProcesses, servers.keys));
  const gateway = new pg.Client({ connectionString: asRole(url.href, "gateway", servers.keys) });
  await gateway.connect();
  expect((await gateway.query("select current_user")).rows[0]).toEqual({ current_user: "muster_gateway" });
  await gateway.end();
});
