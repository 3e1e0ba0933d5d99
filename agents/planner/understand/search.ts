import { type Read, readFirst } from "./clause.ts";

/** A wish to search settings: how many, where the text says so. */
export type SaidSearch = { trials: number | null };

const tuning = /\b(?:re-?)?tun(?:e|ed|es|ing)\b|\bhyper-?parameters?\b/i;
const counted =
  /(?:\b(?:try|trying|and|with|in|over|of|for|at most|up to|no more than)\s+)*\b(\d{1,4})\s+(?:trials?|settings?|configurations?)\b/i;

/** Reads whether settings are to be searched, and how many: "tune …", "try 50 trials", "over 20 settings"; from 1 to 1000. */
export function readSearch(text: string): Read<SaidSearch | null> {
  const { value: trials, rest } = readFirst<number>(text, [
    [
      counted,
      (match) => {
        const said = Number(match[1]);
        return said >= 1 && said <= 1000 ? said : null;
      },
    ],
  ]);
  return { value: trials !== null || tuning.test(rest) ? { trials } : null, rest };
}
