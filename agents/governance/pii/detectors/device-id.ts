import validator from "validator";
import type { Detector } from "../detector.ts";

/** Ids of a person's devices (HIPAA's list, M; online identifiers of the GDPR): by name, and MAC addresses by their shape. */
export const deviceId: Detector = {
  kind: "device_id",
  identifier: "direct",
  says: "device ids",
  names: [
    ..."mac|mac address|mac addr|device mac|wifi mac|bluetooth address|imei|imsi|iccid|android id|idfa|gaid".split("|"),
    ..."advertising id|ad id|phone serial|adresse mac|direccion mac".split("|"),
  ],
  not: ["os", "version", "book", "mini", "pro", "cheese", "vendor"],
  fits: ({ type, values }) => type !== "boolean" && values.every((v) => v.trim().length >= 8),
  value: (value) => /[:.-]/.test(value) && validator.isMACAddress(value.trim()),
  types: ["text"],
  share: 0.8,
  atMostDistinct: null,
  notValues: [],
  besidePerson: false,
};
