import validator from "validator";
import { shareOf } from "../column-sample.ts";
import type { Detector } from "../detector.ts";

const isIp = (value: string): boolean => /[.:]/.test(value) && validator.isIP(value.trim());

/** IP addresses, version 4 and 6. */
export const ip: Detector = {
  kind: "ip",
  identifier: "direct",
  says: "IP addresses",
  names: [
    "ip",
    "ip address",
    "ip addr",
    "ipv",
    "client ip",
    "remote addr",
    "remote address",
    "adresse ip",
    "direccion ip",
  ],
  not: ["rating", "range"],
  fits: ({ values }) => shareOf(values, isIp) >= 0.5,
  value: isIp,
  types: ["text"],
  share: 0.8,
  atMostDistinct: null,
  notValues: [],
  besidePerson: false,
};
