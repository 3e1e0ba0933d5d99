import validator from "validator";
import { digitsIn, shareOf } from "../column-sample.ts";
import type { Detector } from "../detector.ts";

/** US social security number, written with dashes or spaces; never issued: area 000, 666, 9xx, group 00, serial 0000. */
const ssn = /^(?!000|666|9\d\d)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}$/;
/** UK national insurance number: two letters of the allowed sets, six digits, A to D. */
const nino = /^(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]$/i;
/** French register number (NIR): sex, year, month, place, order, and a key mod 97; Corsica's letters count as numbers. */
function isNir(text: string): boolean {
  const plain = text.replace(/[ .]/g, "").toUpperCase();
  if (!/^[12]\d{2}(0[1-9]|1[0-2]|[2-9]\d)(\d{2}|2[AB])\d{6}\d{2}$/.test(plain)) return false;
  const number = BigInt(plain.slice(0, 13).replace("2A", "19").replace("2B", "18"));
  return 97 - Number(number % 97n) === Number(plain.slice(13));
}

/** Swedish personal number: a day of birth, a serial, and Luhn's digit over ten digits. */
const isPersonnummer = (text: string): boolean => {
  const plain = /^(?:19|20)?(\d{6})[-+](\d{4})$/.exec(text);
  return plain !== null && validator.isLuhnNumber(plain[1]! + plain[2]!);
};

/** Mexico's CURP: four letters, a day of birth, a sex, a state, three consonants, two signs. */
const curp = /^[A-Z][AEIOUX][A-Z]{2}\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])[HMX][A-Z]{2}[B-DF-HJ-NP-TV-Z]{3}[A-Z\d]\d$/;

/** Identity cards with a checksum or a letter of their own; bare short numbers would fit anything. */
const cards = ["ES", "IT", "PL", "FI", "zh-CN", "IN", "NO"];
/** Tax numbers with check digits. */
const taxes = ["de-DE", "fr-FR", "pt-PT", "nl-NL", "pt-BR"];

function isNationalId(value: string): boolean {
  const text = value.trim();
  if (text.length < 8 || text.length > 24 || !/\d{5}|\d{2,3}[- ./]?\d{2,3}/.test(text)) return false;
  if (ssn.test(text) || nino.test(text) || curp.test(text)) return true;
  if (isNir(text) || isPersonnummer(text)) return true;
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
    ..."numero secu|num secu|nss|マイナンバー|身份证|주민등록번호|паспорт|снилс|инн|护照|旅券番号".split("|"),
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
