import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import type pg from "pg";
import { fault } from "../../fault.ts";
import type { Connection } from "../connection.ts";

/** How the driver is to connect, TLS as libpq's `sslmode` means it; `prefer` is tried encrypted first, then plain. */
export function clientConfigs(connection: Connection, password: string | undefined): pg.ClientConfig[] {
  const { host, port, database, user, ssl } = connection;
  const common: pg.ClientConfig = {
    ...{ host, port, database, user, password: password ?? "" },
    application_name: "muster",
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
  };
  if (ssl === "disable") return [{ ...common, ssl: false }];
  if (ssl === "prefer")
    return [
      { ...common, ssl: { rejectUnauthorized: false } },
      { ...common, ssl: false },
    ];
  return [{ ...common, ssl: tls(connection) }];
}

function tls({ ssl, rootCertificate }: Connection): ConnectionOptions {
  if (ssl === "require" && rootCertificate === undefined) return { rejectUnauthorized: false };
  const ca = rootCertificate === undefined ? {} : { ca: certificates(rootCertificate) };
  // Only `verify-full` wants the certificate to bear the host's name.
  return ssl === "verify-full"
    ? { rejectUnauthorized: true, ...ca }
    : { rejectUnauthorized: true, ...ca, checkServerIdentity: () => undefined };
}

function certificates(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw fault("invalid_input", "the file of sslrootcert can't be read; name a PEM file of this machine", {}, error);
  }
}
