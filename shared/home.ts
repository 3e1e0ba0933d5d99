import { join } from "node:path";

/** The file with the first token: made by governance at first start, mode 600, read by whoever may act on this machine. */
export const tokenFile = (home: string): string => join(home, "token");

/** The folder that `load` copies files into; the only one that ingest opens. */
export const inboxFolder = (home: string): string => join(home, "inbox");

/** The folder that exported matrices stand in for as long as they may be fetched. */
export const exportsFolder = (home: string): string => join(home, "exports");

/** The folder with the connections to warehouses: where they are and how they are read, never a secret. */
export const connectionsFolder = (home: string): string => join(home, "sources");

/** The folder with passwords that `connect` was given, a file each, mode 600. */
export const secretsFolder = (home: string): string => join(home, "secrets");
