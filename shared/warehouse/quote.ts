/** An SQL identifier in double quotes. Names come from a manifest, never from text that a user or a model wrote. */
export const quoteIdent = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** An SQL text literal in single quotes. */
export const quoteLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A SQL list of text literals: `['a', 'b']`. */
export const quoteList = (texts: readonly string[]): string => `[${texts.map(quoteLiteral).join(", ")}]`;
