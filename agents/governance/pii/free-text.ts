import { type ColumnSample, shareOf, wilsonLower } from "./column-sample.ts";
import type { Detector, Finding } from "./detector.ts";
import { detectors } from "./detectors.ts";

/** Pieces of running text that may be an identifier by themselves. */
const pieces = [
  /[^\s@<>,;]+@[^\s@<>,;]+\.\p{L}{2,}/gu,
  /\+?\(?\d[\d\s().-]{6,22}\d/gu,
  /\b[A-Z]{2}\d{2}[A-Z0-9 ]{11,40}\b/gu,
  /\b\d{1,5}[A-Za-z]?\s+(?:\p{L}[\p{L}.'-]*\s+){0,3}\p{L}+/gu,
  /\p{Lu}\p{L}+\s+\p{Lu}\p{L}+/gu,
];

/** Formats that ordinary sentences imitate now and then; they count from this ratio of the texts on. */
const imitated = { kinds: new Set(["phone", "street_address", "person_name"]), share: 0.02 };

const direct = detectors.filter((d) => d.value !== null && d.identifier === "direct");
const strict = direct.filter((d) => !imitated.kinds.has(d.kind));

/** Whether a piece of the text, cut out, passes one of the detectors: a checksum holds inside a sentence, too. */
const holdsOne = (text: string, tests: readonly Detector[]): boolean =>
  pieces.some((piece) =>
    [...text.matchAll(piece)].some(([found]) => {
      const cut = found.replace(/[.,;:\s]+$/, "");
      return tests.some((d) => d.value!(cut));
    }),
  );

/**
 * The finding that a column of sentences (five words or more in half of its values) holds personal data: any text
 * with a checksummed or unmistakable identifier, or 2 % of the texts with a phone number, an address or a name.
 */
export function freeText({ type, values }: ColumnSample): Finding[] {
  if (type !== "text" || values.length === 0 || shareOf(values, (v) => v.trim().split(/\s+/).length >= 5) < 0.5)
    return [];
  const checked = values.length;
  const certain = values.filter((text) => holdsOne(text, strict)).length;
  const any = values.filter((text) => holdsOne(text, direct)).length;
  const hits = any >= imitated.share * checked ? any : certain;
  if (hits === 0) return [];
  return [
    {
      detector: { identifier: "direct", says: "texts with personal data in them", besidePerson: false },
      tag: { kind: "free_text", by: "values", share: hits / checked, checked, confidence: wilsonLower(hits, checked) },
    },
  ];
}
