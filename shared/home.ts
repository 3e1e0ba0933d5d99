import { join } from "node:path";

/** The file with the first token: made by governance at first start, mode 600, read by whoever may act on this machine. */
export const tokenFile = (home: string): string => join(home, "token");

/** The folder that `load` copies files into; the only one that ingest opens. */
export const inboxFolder = (home: string): string => join(home, "inbox");
