import { fault } from "@muster/shared/fault.ts";
import { type Connection, SslMode } from "@muster/shared/warehouse/connection.ts";

const wrong = (why: string) =>
  fault("invalid_input", `${why}; write postgres://USER@HOST:PORT/DATABASE`, { usage: "connect postgres URL" });

/** A name for what has none: lower-case letters, digits and underscores. */
const nameOf = (text: string): string => {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
  return /^[a-z]/.test(plain) ? plain.slice(0, 40) : `w_${plain}`.slice(0, 40);
};

/**
 * Reads a PostgreSQL URL: who connects where, with its password apart. `sslmode` and `sslrootcert` are honoured; any other
 * parameter is refused, for it would be left unread. No fault shows the URL.
 */
export function connectionFrom(
  url: string,
  { name, schemas }: { name?: string; schemas: string[] },
): { connection: Omit<Connection, "password" | "statementSeconds" | "scanGb">; password: string | undefined } {
  if (!URL.canParse(url)) throw wrong("the URL can't be read");
  const { protocol, hostname, port, username, password, pathname, searchParams } = new URL(url);
  if (!/^postgres(ql)?:$/.test(protocol)) throw wrong("a PostgreSQL URL begins with postgres://");
  const database = decodeURIComponent(pathname.slice(1));
  if (username === "" || hostname === "" || database === "") throw wrong("the URL wants a user, a host and a database");
  const unknown = [...searchParams.keys()].find((key) => !["sslmode", "sslrootcert"].includes(key));
  if (unknown) throw wrong(`the parameter ${unknown} isn't known; sslmode and sslrootcert are`);
  const mode = searchParams.get("sslmode") ?? "prefer";
  const ssl = SslMode.safeParse(mode === "allow" ? "prefer" : mode);
  if (!ssl.success) throw wrong(`sslmode is one of ${SslMode.options.join(", ")}`);
  const root = searchParams.get("sslrootcert");
  return {
    connection: {
      ...{ name: name ?? nameOf(database), kind: "postgres", host: hostname.replace(/^\[|\]$/g, "") },
      ...{ port: port === "" ? 5432 : Number(port), database, user: decodeURIComponent(username) },
      ...{ ssl: ssl.data, schemas, ...(root !== null && { rootCertificate: root }) },
    },
    password: password === "" ? undefined : decodeURIComponent(password),
  };
}
