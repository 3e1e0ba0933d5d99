import { detectors } from "../pii/detectors.ts";

const strict = detectors.filter(
  ({ kind, value, identifier }) =>
    value !== null && identifier === "direct" && !["person_name", "street_address"].includes(kind),
);

/**
 * Whether a value names its person wherever it stands: an address, number or card with a format of its own, or a long code
 * of letters and digits. A name, a place or a short number means many people; it counts in its own column only.
 */
export function tellsAlone(value: string): boolean {
  if (strict.some((detector) => detector.value!(value) || detector.value!(value.toUpperCase()))) return true;
  return value.length >= 8 && /\p{L}/u.test(value) && /\d/.test(value) && !/\s/.test(value);
}
