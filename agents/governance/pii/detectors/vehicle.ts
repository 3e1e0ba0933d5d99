import { shareOf } from "../column-sample.ts";
import type { Detector } from "../detector.ts";

const weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
/** What a letter of a vehicle identification number counts (49 CFR 565.15): I, O and Q aren't used. */
const worths = new Map(
  ["AJ", "BKS", "CLT", "DMU", "ENV", "FW", "GPX", "HY", "RZ"].flatMap((group, i) =>
    [...group].map((letter): [string, number] => [letter, i + 1]),
  ),
);
const worth = (sign: string): number => worths.get(sign) ?? Number(sign);

/** Whether a text is a vehicle identification number whose ninth sign checks (North America's rule). */
export function isVin(text: string): boolean {
  if (!/^[A-HJ-NPR-Z0-9]{17}$/.test(text)) return false;
  const rest = [...text].reduce((sum, sign, i) => sum + weights[i]! * worth(sign), 0) % 11;
  return text[8] === (rest === 10 ? "X" : String(rest));
}

/** Vehicles of persons (HIPAA's list, L): number plates by name, identification numbers by their check digit, too. */
export const vehicle: Detector = {
  kind: "vehicle",
  identifier: "direct",
  says: "vehicle numbers",
  names: [
    ..."license plate|licence plate|number plate|plate number|plate no|registration plate|vehicle registration".split(
      "|",
    ),
    ..."=vin|vin number|vehicle identification number|vehicle id|kennzeichen|kfz kennzeichen|nummernschild|fin nummer".split(
      "|",
    ),
    ..."immatriculation|plaque immatriculation|matricula|patente|targa|kenteken|numer rejestracyjny|nr rejestracyjny".split(
      "|",
    ),
  ],
  not: ["country", "state", "region", "color", "colour"],
  fits: ({ type, values }) => type === "text" && shareOf(values, (v) => /\d/.test(v) && v.length <= 20) >= 0.7,
  value: (value) => isVin(value.trim().toUpperCase()),
  types: ["text"],
  share: 0.8,
  atMostDistinct: null,
  notValues: [],
  besidePerson: false,
};
