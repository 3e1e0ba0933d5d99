/** Words that say which version of a model is meant. */
export const versionWords =
  /\b(?:versions?\s+\d{1,9}|v\d{1,9}|(?:the\s+)?(?:champion|challenger)(?:\s+of)?)\b|@[a-z][a-z0-9_-]{0,62}/gi;

/**
 * The version of a model that a text names, as a registered model is spelled: "version 2 of churn", "churn v2", "churn/2",
 * "churn@challenger", "the challenger of churn"; without any, the name alone, which means its champion.
 */
export function spelledModel(name: string, text: string): string {
  const version =
    /\bversion\s+(\d{1,9})\b|\bv(\d{1,9})\b/i.exec(text) ?? new RegExp(`\\b${name}/(\\d{1,9})\\b`, "i").exec(text);
  const number = version?.slice(1).find((group) => group !== undefined);
  if (number !== undefined) return `models:/${name}/${Number(number)}`;
  const alias =
    new RegExp(`\\b${name}@([a-z][a-z0-9_-]{0,62})`, "i").exec(text) ?? /\b(champion|challenger)\b/i.exec(text);
  return alias ? `models:/${name}@${alias[1]!.toLowerCase()}` : `models:/${name}`;
}
