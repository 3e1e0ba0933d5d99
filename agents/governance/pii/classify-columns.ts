import type { Classification, ColumnClassification } from "@muster/shared/domain/classification.ts";
import { birthDateBySpread } from "./birth-date-by-spread.ts";
import { type ColumnSample, isFlag, missedShare, wilsonLower } from "./column-sample.ts";
import type { Detector, Finding } from "./detector.ts";
import { detectors } from "./detectors.ts";
import { freeText } from "./free-text.ts";
import { nameMatch, wordsOf } from "./names.ts";
import { uniqueKey } from "./unique-key.ts";

/** Trust in a name whose values could be compared with it, and in one that stands alone (an empty column). */
const nameConfidence = { compared: 0.9, alone: 0.5 };

/** Counts the sampled values of a detector's format; null where its format does not apply to the column. */
function countValues({ value, types, atMostDistinct }: Detector, column: ColumnSample): number | null {
  if (!value || !types.includes(column.type) || column.values.length === 0) return null;
  if (atMostDistinct !== null && column.distinct > atMostDistinct) return null;
  return column.values.filter((v) => value(v)).length;
}

/** The detector with the longest phrase in the name, unless the values contradict it. */
function byName(column: ColumnSample): Finding[] {
  const words = wordsOf(column.name);
  const [best] = detectors
    .map((detector) => ({ detector, letters: nameMatch(words, detector.names, detector.not)?.letters ?? 0 }))
    .filter(({ letters }) => letters > 0)
    .sort((a, b) => b.letters - a.letters);
  if (!best) return [];
  const { detector } = best;
  const compared = column.values.length > 0;
  const flag = isFlag(column) && detector.kind !== "protected";
  if (compared && (flag || !detector.fits(column))) return [];
  const hits = countValues(detector, column);
  const checked = hits === null ? 0 : column.values.length;
  const confidence = compared ? nameConfidence.compared : nameConfidence.alone;
  return [
    {
      detector,
      tag: { kind: detector.kind, by: "name", share: hits === null ? null : hits / checked, checked, confidence },
    },
  ];
}

/** The format that most values have, where enough have it. */
function byValues(column: ColumnSample): Finding[] {
  const words = wordsOf(column.name);
  const checked = column.values.length;
  const [best] = detectors
    .map((detector) => ({ detector, hits: countValues(detector, column) ?? 0 }))
    .filter(({ detector, hits }) => hits > 0 && hits >= detector.share * checked)
    .filter(({ detector }) => !words.some((word) => detector.notValues.includes(word)))
    .sort((a, b) => b.hits - a.hits);
  if (!best) return [];
  const { detector, hits } = best;
  const confidence = wilsonLower(hits, checked);
  return [{ detector, tag: { kind: detector.kind, by: "values", share: hits / checked, checked, confidence } }];
}

/** Everything found in one column, before its neighbours are looked at. A key is only what is nothing else. */
function findingsOf(column: ColumnSample): Finding[] {
  const formats = [...byName(column), ...byValues(column)];
  const found = formats.length > 0 ? formats : freeText(column);
  const others = found.length > 0 ? found : birthDateBySpread(column);
  return others.length > 0 ? others : uniqueKey(column);
}

function sentence({ detector, tag }: Finding): string {
  const counted = tag.share === null ? "" : `${Math.round(tag.share * tag.checked)} of ${tag.checked} values`;
  if (tag.kind === "key" && tag.by === "values")
    return `${detector.says} (${(tag.share! * 100).toFixed(1)} % distinct)`;
  if (tag.by === "values") return `${counted} are ${detector.says}`;
  return `its name says ${detector.says}${counted ? ` (${counted} have the format)` : ""}`;
}

function classified(column: ColumnSample, findings: Finding[]): ColumnClassification {
  const tags = findings.map(({ tag }) => tag);
  const personal = findings.filter(({ detector }) => detector.identifier !== null);
  const direct = personal.some(({ detector }) => detector.identifier === "direct");
  const nothing =
    column.values.length > 0
      ? `nothing personal in its name or ${column.values.length} values`
      : "nothing personal in its name";
  return {
    name: column.name,
    tags,
    pii: personal.length > 0,
    identifier: direct ? "direct" : personal.length > 0 ? "quasi" : null,
    missedShare: missedShare(column.values.length, column.distinct),
    why: findings.length > 0 ? findings.map(sentence).join("; ") : nothing,
  };
}

/**
 * Classifies the columns of one dataset by name and by values.
 * Direct identifiers name a person alone (or are secrets); quasi-identifiers do together. Places, and dates spread
 * like births, count only beside a direct identifier: a city in a table of shops is a category. Protected
 * attributes and keys are tagged but are no personal data by themselves. Output holds counts, never values.
 */
export function classifyColumns(columns: ColumnSample[]): Classification {
  const found = columns.map((column) => ({ column, findings: findingsOf(column) }));
  const person = found.some(({ findings }) =>
    findings.some(({ detector }) => detector.identifier === "direct" && !detector.besidePerson),
  );
  return {
    columns: found.map(({ column, findings }) => {
      const kept = findings.filter(({ detector }) => person || !detector.besidePerson);
      return classified(column, kept.length > 0 || findings.length === 0 ? kept : uniqueKey(column));
    }),
  };
}
