import type { Intent } from "../understanding.ts";

/** An intent that words can state. */
export type SaidIntent = Exclude<Intent, "call" | "goals">;

const wants = "(?:predict|forecast|classif(?:y|ication)|estimat|anticipat|regress|detect|identif)\\w*";
/** Words that ask to see a question's labels before anything is done. */
export const previewWords =
  /\bpreview\b(?:\s+of)?|\bwhat\s+would\s+(?:you|we|be)\s+predict(?:ed)?\b(?:\s+(?:for|if|to))?|\bhow\s+would\s+you\s+(?:define|label)\b|\b(?:show\s+(?:me\s+)?)?(?:the\s+)?label\s+rates?\b(?:\s+(?:of|for))?|\bbefore\s+(?:anything\s+is\s+trained|training(?:\s+anything)?)\b/i;

const rules: [RegExp, SaidIntent][] = [
  [previewWords, "preview"],
  [
    /\berror[\s-]+slices?\b|\bslices?\b.*\bmodel\b|\bwhere\b(?=.*\b(?:models?|predictions?|scores?|forecasts?)\b).*\b(?:wrong|mistaken|mistakes?|errs?|errors?|fails?|weak(?:est)?|worst|struggles?|off)\b/i,
    "slices",
  ],
  [
    /\b(?:which|what)\s+(?:\w+\s+){0,2}?(?:tables?|datasets?|data|files?|columns?)\s+(?:do\s+we\s+|we\s+)?(?:hold|holds|have|has|contain|contains|mention|store|stores|keep|keeps|are|is|about|with|can)\b/i,
    "find",
  ],
  [
    /^\s*(?:please\s+|can\s+you\s+)?(?:find|search|look)\b(?:\s+for|\s+me|\s+in)?.*\b(?:tables?|datasets?|data|columns?|catalog)\b/i,
    "find",
  ],
  [/\bwhere\s+(?:is|are|do\s+we\s+(?:keep|store|have))\b.*\b(?:data|tables?|stored|kept|datasets?)\b/i, "find"],
  [/^\s*(?:list|show)\s+(?:me\s+)?(?:all\s+|the\s+|our\s+)*(?:tables?|datasets?)\b/i, "find"],
  [/^\s*(?:is|are|has|have|did|does|do)\b.*\bdrift/i, "drift"],
  [new RegExp(`\\b${wants}\\b.*\\bdrift`, "i"), "predict"],
  [/\bdrift|\b(?:has|have|did)\b.*\b(?:shifted|changed\s+since)\b|\bdata\s+shift\b/i, "drift"],
  [
    /^\s*why\b|\bwhy\s+(?:do|does|did|is|are)\b|\bwhat\s+(?:drives?|explains?|influences?|affects?|causes?|determines?|matters)\b|\bexplain\b|\b(?:drivers?|reasons?|causes?)\s+(?:of|for|behind)\b|\b(?:which|what)\s+(?:factors?|features?|things)\b/i,
    "explain",
  ],
  [
    /^\s*(?:please\s+|can\s+you\s+)?(?:re-?score|score)\b|\bapply\s+(?:the\s+)?[\w ]*model\b|\brun\s+the\s+[\w ]*model\s+(?:on|over)\b|\b(?:new|fresh|update(?:d)?)\s+scores?\b/i,
    "score",
  ],
  [
    /^\s*(?:(?:please|(?:can|could)\s+(?:you|we)|i\s+want\s+to|let['’]?s|try\s+to)\s+)*(?:improve|refine)\b(?!.*\bquality\b)|\b(?:improve|refine)\b.*\bmodel\b|\bmake\s+(?:the|our|my)\b.*\b(?:model|predictions?)\b.*\b(?:better|stronger|more\s+accurate)\b/i,
    "improve",
  ],
  [/\b(?:train|fit|build|create|make|learn)\b.*\b(?:deploy|serve|productioni[sz]e)\b/i, "predict"],
  [
    /^\s*(?:please\s+|can\s+you\s+|i\s+want\s+to\s+|let['’]?s\s+)?(?:re-?train|train|fit|build|learn|create|make)\b/i,
    "train",
  ],
  [/\b(?:re-?train|train)\b/i, "train"],
  [new RegExp(`\\b${wants}\\b`, "i"), "predict"],
  [/\b(?:re-?)?tun(?:e|ed|es|ing)\b|\bhyper-?parameters?\b/i, "train"],
  [
    /^\s*(?:please\s+|can\s+you\s+)?(?:check|validate|verify|audit|inspect)\b|\bquality\s+(?:of|in)\b|\bdata\s+quality\b|\b(?:can|may|could)\s+(?:i|we)\s+(?:trust|use|rely)\b|\bis\b.*\b(?:clean|trustworthy|healthy|usable|ok)\b|\b(?:any\s+)?(?:problems?|errors?|issues?)\s+(?:with|in)\b/i,
    "check",
  ],
  [
    /^\s*(?:please\s+|can\s+you\s+)?(?:profile|describe|summari[sz]e|show|explore)\b|\bwhat(?:['’]?s|\s+is)\s+in\b|\btell\s+me\s+about\b|\boverview\s+of\b|\bwhat\s+does\b.*\blook\s+like\b|\bstatistics\s+(?:of|for|on)\b/i,
    "profile",
  ],
  [
    /\b(?:who|which|whether|if|what|when|how\s+(?:many|much))\b.*\b(?:will|would|going\s+to|gonna|likely|won['’]?t|are|is|might|may)\b|\bwho\s+\w+|\b(?:at\s+)?risk\s+of\b|\b(?:likelihood|probability|chance|propensity)\b|\bmodel\s+(?:for|of)\b|\bwill\b/i,
    "predict",
  ],
];

/** What a text wants done; null where no word of it says so. */
export function readIntent(text: string): SaidIntent | null {
  return rules.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}
