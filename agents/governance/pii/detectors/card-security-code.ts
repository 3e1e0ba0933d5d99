import { shareOf } from "../column-sample.ts";
import type { Detector } from "../detector.ts";

/** Card security codes: sensitive authentication data of PCI DSS; by name only, three digits prove nothing. */
export const cardSecurityCode: Detector = {
  kind: "card_security_code",
  identifier: "direct",
  says: "card security codes",
  names: [
    "cvv",
    "cvc",
    "cid code",
    "csc",
    "security code",
    "card verification",
    "card security code",
    "prufziffer karte",
  ],
  not: ["result", "match", "response"],
  fits: ({ values }) => shareOf(values, (v) => /^\d{1,4}$/.test(v)) >= 0.8,
  value: null,
  types: [],
  share: 1,
  atMostDistinct: null,
  notValues: [],
  besidePerson: false,
};
