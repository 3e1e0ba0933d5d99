import { type Read, readFirst } from "./clause.ts";

const words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/** Reads how many rounds of improvement a text allows: "2 rounds", "in at most three rounds"; from 1 to 10. */
export const readRounds = (text: string): Read<number | null> =>
  readFirst<number>(text, [
    [
      new RegExp(
        `(?:\\b(?:in|with|for|at most|up to|no more than)\\s+)*\\b(\\d{1,2}|${words.join("|")})\\s+rounds?\\b`,
        "i",
      ),
      (match) => {
        const said = match[1]!.toLowerCase();
        const rounds = words.includes(said) ? words.indexOf(said) + 1 : Number(said);
        return rounds >= 1 && rounds <= 10 ? rounds : null;
      },
    ],
  ]);
