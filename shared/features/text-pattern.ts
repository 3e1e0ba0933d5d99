import type { TextPattern } from "../domain/feature.ts";
import { quoteLiteral } from "../warehouse/quote.ts";

const DIGITS = "0123456789";
const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
const SPACES = " \t\n\f\r";
const URLS = ["http://", "https://", "www."];

/** How many code points of a text are among the characters (ASCII only). */
const countOf = (text: string, characters: string): number => {
  let count = 0;
  for (const character of text) if (characters.includes(character)) count++;
  return count;
};
const countSql = (text: string, characters: string): string =>
  `(length(${text}) - length(translate(${text}, ${quoteLiteral(characters)}, '')))`;

const asNumber = (holds: boolean): number => (holds ? 1 : 0);
const asNumberSql = (condition: string): string => `CASE WHEN ${condition} THEN 1.0 ELSE 0.0 END`;

/** One @ with something before it, and behind it a dot between others; no white space. */
function isEmail(text: string): boolean {
  const at = text.indexOf("@");
  if (at < 1 || text.includes("@", at + 1) || countOf(text, SPACES) > 0) return false;
  const dot = text.lastIndexOf(".");
  return !text.endsWith(".") && dot > at && text.slice(at + 2).includes(".");
}
const isEmailSql = (text: string): string =>
  `${countSql(text, "@")} = 1 AND ${countSql(text, SPACES)} = 0 AND ${text} LIKE '_%@_%._%' AND ${text} NOT LIKE '%.'`;

const isUrl = (text: string): boolean =>
  countOf(text, SPACES) === 0 &&
  URLS.some((start) => text.length > start.length && text.toLowerCase().startsWith(start));
const isUrlSql = (text: string): string =>
  `${countSql(text, SPACES)} = 0 AND (${URLS.map((start) => `lower(${text}) LIKE '${start}_%'`).join(" OR ")})`;

const share = (text: string, characters: string): number | null =>
  text === "" ? null : countOf(text, characters) / [...text].length;
const shareSql = (text: string, characters: string): string =>
  `CAST(${countSql(text, characters)} AS DOUBLE PRECISION) / NULLIF(length(${text}), 0)`;

/** What a text shows by one of the named patterns; null for a share of empty text. The same value as `patternSql`. */
export function patternOf(text: string, pattern: TextPattern): number | null {
  switch (pattern) {
    case "has_digit":
      return asNumber(countOf(text, DIGITS) > 0);
    case "has_url":
      return asNumber(URLS.some((start) => text.toLowerCase().includes(start)));
    case "is_email":
      return asNumber(isEmail(text));
    case "is_url":
      return asNumber(isUrl(text));
    case "digit_share":
      return share(text, DIGITS);
    case "upper_share":
      return share(text, UPPER);
    case "punctuation_share":
      return share(text, PUNCTUATION);
    case "exclamations":
      return countOf(text, "!");
    case "questions":
      return countOf(text, "?");
    case "lines":
      return countOf(text, "\n") + 1;
  }
}

/** SQL for `patternOf` of a text expression; missing text is missing. */
export function patternSql(text: string, pattern: TextPattern): string {
  return `CASE WHEN ${text} IS NOT NULL THEN CAST(${shownSql(text, pattern)} AS DOUBLE PRECISION) END`;
}

function shownSql(text: string, pattern: TextPattern): string {
  switch (pattern) {
    case "has_digit":
      return asNumberSql(`${countSql(text, DIGITS)} > 0`);
    case "has_url":
      return asNumberSql(URLS.map((start) => `lower(${text}) LIKE '%${start}%'`).join(" OR "));
    case "is_email":
      return asNumberSql(isEmailSql(text));
    case "is_url":
      return asNumberSql(isUrlSql(text));
    case "digit_share":
      return shareSql(text, DIGITS);
    case "upper_share":
      return shareSql(text, UPPER);
    case "punctuation_share":
      return shareSql(text, PUNCTUATION);
    case "exclamations":
      return countSql(text, "!");
    case "questions":
      return countSql(text, "?");
    case "lines":
      return `${countSql(text, "\n")} + 1`;
  }
}
