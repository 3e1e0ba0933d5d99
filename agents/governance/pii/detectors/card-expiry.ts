import type { Detector } from "../detector.ts";

/** Card expiry dates: cardholder data of PCI DSS beside the number. */
export const cardExpiry: Detector = {
  kind: "card_expiry",
  identifier: "quasi",
  says: "card expiry dates",
  names: [
    ..."cc expires|cc expiry|cc exp|card expires|card expiry|card expiration|card exp|card expiry date".split("|"),
    ..."card expiration date|credit card expiry|credit card expiration|expiry month|expiration month".split("|"),
  ],
  not: [],
  fits: () => true,
  value: null,
  types: [],
  share: 1,
  atMostDistinct: null,
  notValues: [],
  besidePerson: false,
};
