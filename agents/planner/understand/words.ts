/** A word of a text: as it stands in lower case, its stem, and where it begins and ends in the text. */
export type Word = { text: string; stem: string; at: number; to: number };

/**
 * The words of a text or of a name, in order. `TotalCharges`, `total_charges` and "total charges" give the same words;
 * an acronym stays whole (`TX_FRAUD` → tx, fraud; `customerID` → customer, id).
 */
export function wordsOf(text: string): Word[] {
  const pattern = /\p{Lu}+(?![\p{Ll}])|\p{Lu}?[\p{Ll}\p{Lo}\p{M}]+|\p{N}+/gu;
  return [...text.matchAll(pattern)].map((match) => {
    const lower = match[0].toLowerCase();
    return { text: lower, stem: stem(lower), at: match.index, to: match.index + match[0].length };
  });
}

const stemsByName = new Map<string, readonly string[]>();
const namesKept = 100_000;

/** The stems of a name, in order. Kept by name: a large catalog's columns are looked at many times for one text. */
export function stemsOf(name: string): readonly string[] {
  const known = stemsByName.get(name);
  if (known) return known;
  const stems = wordsOf(name).map((word) => word.stem);
  if (stemsByName.size >= namesKept) stemsByName.clear();
  stemsByName.set(name, stems);
  return stems;
}

/**
 * A light stem: plural, -ing, -ed and a last e go, so that forms of one word meet ("churned", "churning" → churn).
 * It need not be a word itself.
 */
export function stem(word: string): string {
  let s = word;
  if (s.length > 4 && s.endsWith("ies")) s = `${s.slice(0, -3)}y`;
  else if (s.length > 3 && s.endsWith("s") && !/(ss|us|is)$/.test(s)) s = s.slice(0, -1);
  const ending = /(ing|ed|er)$/.exec(s)?.[0];
  if (ending && ending !== "er" && s.length - ending.length >= 3) {
    s = s.slice(0, -ending.length);
    if (/([bdglmnprt])\1$/.test(s)) s = s.slice(0, -1);
  }
  if (s.length > 3 && s.endsWith("e")) s = s.slice(0, -1);
  return s;
}

const fixed = `a an the of for to in on at by with from over as and or is are was were be been being do does did will would
  can could should shall may might must i we me us my our you your it its they them their this that these those there here
  want need like know wonder wondering curious see hear please let s t m re ll ve d not no so if whether how what which who whom whose when where why all each every any some
  get got give tell show make made build create train fit learn run go going gonna use using used based try help
  predict prediction predictions predicted predicting predictive forecast forecasts forecasting classify classification
  classifier estimate estimating regress regression anticipate model models modelling ml machine learning deploy deployed
  data dataset datasets table tables column columns field fields file csv value values row rows record records future new
  likely likelihood probability probabilities risk chance chances propensity expect expected about into have has had
  per than then out up soon ahead just also too very best good accurate accurately next coming following
  explain explained drives drive driver drivers driving reason reasons tune tunes tuned tuning retune hyperparameter hyperparameters factor factors influence influences affect affects
  matter matters behind wrong mistaken slice slices improve improved improving better stronger refine round rounds retrain score scores scoring apply rescore check checking validate verify profile describe summary
  anything everything something nothing still since again now today yet changed change last detect detecting identify spot flag called named
  summarise summarize overview quality trust drift drifted drifting shift shifted`;
const stopWords = new Set(fixed.split(/\s+/));

/** Whether a word carries nothing that a column or dataset could be named for. */
export const isStopWord = (word: Word): boolean => stopWords.has(word.text) || /^\p{N}+$/u.test(word.text);

/** Whether the sequence of stems stands in the words; gives the position of its first word, or -1. */
export function findSequence(words: readonly Word[], stems: readonly string[]): number {
  if (stems.length === 0) return -1;
  for (let i = 0; i + stems.length <= words.length; i++) {
    if (stems.every((one, k) => words[i + k]!.stem === one)) return i;
  }
  return -1;
}
