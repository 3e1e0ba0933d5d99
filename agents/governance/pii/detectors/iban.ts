import validator from "validator";
import { shareOf } from "../column-sample.ts";
import type { Detector } from "../detector.ts";

/** International bank account numbers: the country's format and the check digits mod 97 (ISO 13616). */
export const iban: Detector = {
  kind: "iban",
  identifier: "direct",
  says: "bank account numbers (IBAN)",
  names: [
    "iban",
    "iban number",
    "bank account",
    "bank account number",
    "kontonummer bank",
    "compte bancaire",
    "cuenta bancaria",
  ],
  not: ["balance", "name"],
  fits: ({ values }) => shareOf(values, (v) => v.replace(/\W/g, "").length >= 6) >= 0.5,
  value: (value) => /^[A-Za-z]{2}\d{2}/.test(value.trim()) && validator.isIBAN(value.trim()),
  types: ["text"],
  share: 0.5,
  atMostDistinct: null,
  notValues: [],
  besidePerson: false,
};
