import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetName } from "@muster/shared/domain/dataset.ts";
import { Connection, homeOf, keepConnection } from "@muster/shared/warehouse/connection.ts";
import { openSource } from "@muster/shared/warehouse/source.ts";
import { z } from "zod";
import type { CatalogDeps } from "../index.ts";

export const connectSource = tool({
  name: "connect_source",
  does: "Connects a PostgreSQL warehouse, read-only; the password stays where the reference says and is never kept here.",
  effect: "write",
  input: Connection,
  output: z.object({
    source: DatasetName,
    engine: z.string(),
    role: z.string(),
    canWrite: z.boolean(),
    verdict: z.string(),
  }),
  confirmedBy: ["admin"],
  cost: { ms: 500 },
  run: async (connection, { lake, audit, commit, emit }: Context & CatalogDeps) => {
    const source = await openSource(lake, connection);
    const { engine, role, canWrite } = await source.inspect().finally(() => source.close());
    const { name, kind, host, port, database, schemas, password } = connection;
    commit(() => keepConnection(homeOf(lake), connection));
    audit("catalog.source_connected", name, {
      kind,
      host,
      port,
      database,
      role,
      schemas,
      password: password.in,
      canWrite,
    });
    emit("source_connected", { source: name });
    const warning = canWrite
      ? `; role ${role} could write there: every transaction is opened read-only, but a role with SELECT alone is safer`
      : "";
    return { source: name, engine, role, canWrite, verdict: `${name}: ${engine} as ${role}${warning}` };
  },
});
