import { type Read, readFirst } from "./clause.ts";

const money =
  "(?:(?:usd|us\\$|\\$)\\s*(\\d+(?:[.,]\\d+)?|[.,]\\d+)|(\\d+(?:[.,]\\d+)?|[.,]\\d+)\\s*(usd|us\\$|\\$|dollars?|bucks?|cents?))";

function amount(match: RegExpExecArray): number | null {
  const value = Number((match[1] ?? match[2] ?? "").replace(",", "."));
  if (!Number.isFinite(value)) return null;
  return /^cents?$/i.test(match[3] ?? "") ? value / 100 : value;
}

/** Reads the budget of a text in USD: "for at most $2", "budget 0.5 USD", "spend no more than 3 dollars". */
export function readBudget(text: string): Read<number | null> {
  const lead =
    "(?:(?:with|within|on|for|at|a|my|the|and|costing|cost|spend|spending|pay|paying|of)\\s+)*(?:budget(?: is| of|:|=)?|at most|no more than|not more than|less than|max(?:imum)?(?: of)?|up to|under|below|limit(?: of)?|cap(?:ped)?(?: at| of)?)";
  return readFirst<number>(text, [
    [new RegExp(`\\b${lead}\\s*(?:of\\s+|at most\\s+)?${money}`, "i"), amount],
    [new RegExp(`\\b(?:for|spend|with)\\s+${money}(?:\\s+(?:at most|max(?:imum)?|or less))?`, "i"), amount],
    [new RegExp(`${money}\\s+(?:budget|at most|max(?:imum)?|or less|limit)`, "i"), amount],
    [/\bbudget(?: is| of|:|=)?\s*(\d+(?:\.\d+)?)\b/i, amount],
  ]);
}
