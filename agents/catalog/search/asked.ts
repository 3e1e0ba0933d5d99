import { wordsOf } from "../words.ts";

/** Words by which people ask and which no thing in a table is named for, in the singular. */
const filler = new Set(
  `a about above after again all already also always am an and another any anyone anything are as ask at available be because been
   before being below best between both but by can check column contain containing contained could data database dataset describe did do does doing
   done down each either every everyone everything explain field file find first for forecast from further get give given go going
   got had has have having he help her here hers him his hold holding how i if in info information into is it its just keep kept know
   last let like list lot look looking made make many may me might mine model more most much must my need never new next no
   nobody none nor not nothing now of off often on once one only or other our out over own per please possible predict
   prediction put question really record recorded related row same saved score see select should show since so some somebody something somewhere
   still store stored such table tell than that the their them then there these they thing this those though through to too
   train try under until up us use used useful using value very want was we well went were what whatever when where whether
   which while who whole whom whose why will with within without would yes yet you your`
    .split(/\s+/)
    .map((word) => wordsOf(word)[0]!),
);

/** Words that a question is looked up by at most. */
const mostWords = 24;

/** What is asked for: the words of a question that may name something, each once, and neighbours in one piece with the two they are made of. */
export type Asked = { words: string[]; joined: { whole: string; of: [string, string] }[] };

/** Reads what a question asks for. No words: it names nothing. */
export function askedIn(question: string): Asked {
  const every = wordsOf(question);
  const tells = (word: string) => word.length > 1 && word.length <= 40 && !filler.has(word);
  const words = [...new Set(every.filter(tells))].slice(0, mostWords);
  const joined = every
    .slice(1)
    .map((word, i) => ({ whole: every[i]! + word, of: [every[i]!, word] as [string, string] }))
    .filter(({ of }) => of.every((word) => words.includes(word)));
  return { words, joined: joined.slice(0, mostWords) };
}
