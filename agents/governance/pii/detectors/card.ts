import validator from "validator";
import { shareOf } from "../column-sample.ts";
import type { Detector } from "../detector.ts";

/** Payment card numbers: an issuer's prefix and length, and the Luhn checksum (ISO/IEC 7812). */
export const card: Detector = {
  kind: "card",
  identifier: "direct",
  says: "payment card numbers",
  names: [
    ..."cc number|cc num|ccn|card number|card no|card num|cardno|credit card|credit card number|debit card".split("|"),
    ..."debit card number|primary account number|=pan|kreditkarte|kreditkartennummer|kartennummer".split("|"),
    ..."carte bancaire|numero carte|tarjeta|numero tarjeta|tarjeta credito|cartao|numero cartao|carta credito".split(
      "|",
    ),
  ],
  not: ["holder", "limit", "balance", "debt", "expiry", "expires", "exp", "token"],
  // Spreadsheets write long numbers as 5.5E+15 and lose the last digits: the checksum is gone, the size is not.
  fits: ({ values }) =>
    shareOf(values, (v) => /^[\d\s.,E+-]+$/i.test(v) && Number(v.replace(/[\s-]/g, "")) >= 1e11) >= 0.5,
  value: (value) => /^\d[\d -]{11,22}$/.test(value) && validator.isCreditCard(value.replace(/[ -]/g, "")),
  types: ["text", "integer"],
  share: 0.8,
  atMostDistinct: null,
  notValues: [],
  besidePerson: false,
};
