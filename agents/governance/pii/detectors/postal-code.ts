import validator from "validator";
import { shareOf } from "../column-sample.ts";
import type { Detector } from "../detector.ts";

/** Formats that are a postal code and little else; four to six bare digits could be anything. */
const distinctive = ["GB", "CA", "NL", "BR", "PT", "PL"];
const isPostalCode = (value: string): boolean =>
  /^[A-Z0-9]{2,5}[ -][A-Z0-9]{2,4}$/i.test(value.trim()) &&
  distinctive.some((locale) => validator.isPostalCode(value.trim(), locale));

/** Postal codes: an identifier below the level of a state (HIPAA's Safe Harbor list, B). */
export const postalCode: Detector = {
  kind: "postal_code",
  identifier: "quasi",
  says: "postal codes",
  names: [
    ..."郵便番号|邮编|邮政编码|우편번호|индекс".split("|"),
    ..."zip|zip code|postal code|post code|postal|=plz|plz|postleitzahl|code postal|codigo postal|=cp|cep|cap".split(
      "|",
    ),
    ..."codice postale|postnummer|kod pocztowy|pin code area|eircode".split("|"),
  ],
  not: ["file", "archive", "address", "gain", "loss", "market", "shape", "diameter", "surface", "color", "colour"],
  fits: ({ type, values }) =>
    (type === "text" || type === "integer") &&
    shareOf(values, (v) => v.trim().length >= 3 && v.trim().length <= 10 && /\d/.test(v)) >= 0.7,
  value: isPostalCode,
  types: ["text"],
  share: 0.8,
  atMostDistinct: null,
  notValues: ["model", "sku", "product", "item", "version", "measure"],
  besidePerson: false,
};
