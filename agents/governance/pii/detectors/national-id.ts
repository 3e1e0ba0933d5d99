import validator from "validator";
import { digitsIn, shareOf } from "../column-sample.ts";
import type { Detector } from "../detector.ts";

/** US social security number, written with dashes or spaces; never issued: area 000, 666, 9xx, group 00, serial 0000. */
const ssn = /^(?!000|666|9\d\d)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}$/;
/** UK national insurance number: two letters of the allowed sets, six digits, A to D. */
const nino = /^(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]$/i;
/** Identity cards with a checksum or a letter of their own; bare short numbers would fit anything. */
const cards = ["ES", "IT", "PL", "FI", "zh-CN", "IN", "NO"];
/** Tax numbers with check digits. */
const taxes = ["de-DE", "fr-FR", "pt-PT", "nl-NL", "pt-BR"];

function isNationalId(value: string): boolean {
  const text = value.trim();
  if (text.length < 8 || text.length > 20 || !/\d{5}|\d{2,3}[- ./]?\d{2,3}/.test(text)) return false;
  if (ssn.test(text) || nino.test(text)) return true;
  return (
    cards.some((locale) => validator.isIdentityCard(text, locale)) ||
    taxes.some((locale) => validator.isTaxID(text, locale))
  );
}

/** National, tax, passport and licence numbers of persons: formats and check digits of a dozen countries. */
export const nationalId: Detector = {
  kind: "national_id",
  identifier: "direct",
  says: "national id numbers",
  names: [
    ..."ssn|social security|social security number|national id|national identity|national identifier|nin|nino".split(
      "|",
    ),
    ..."national insurance number|tax id|tax number|tax identification number|taxpayer id|itin|passport|passport no".split(
      "|",
    ),
    ..."passport number|passport id|driver license|drivers license|driver licence|driving licence|license number".split(
      "|",
    ),
    ..."identity card|identity number|id card|id card number|aadhaar|aadhar|pesel|dni|nif|nie|cpf|curp|rfc|bsn".split(
      "|",
    ),
    ..."personnummer|personal number|steuernummer|steuer id|ausweisnummer|sozialversicherungsnummer|reisepass".split(
      "|",
    ),
    ..."codice fiscale|numero securite sociale|nir|cedula|medicare number|medical record number|mrn|nhs number".split(
      "|",
    ),
  ],
  not: ["product", "item", "software", "vehicle"],
  fits: ({ values }) => shareOf(values, (v) => digitsIn(v) >= 5) >= 0.5,
  value: isNationalId,
  types: ["text"],
  share: 0.8,
  atMostDistinct: null,
  notValues: [],
  besidePerson: false,
};
