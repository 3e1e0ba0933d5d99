import { type CountryCode, parsePhoneNumberFromString } from "libphonenumber-js";
import validator from "validator";
import { digitsIn, looksLikeDate, shareOf } from "../column-sample.ts";
import type { Detector } from "../detector.ts";

/** Where a number without a country code may be from. */
const regions: CountryCode[] = ["US", "GB", "DE", "FR", "ES", "IT", "NL", "PT", "PL", "BR", "MX", "IN", "AU", "JP"];

/**
 * Bare digits and decimals are amounts and ids far more often than numbers to call, so by value alone
 * a phone number must be grouped or begin with a plus.
 */
function isPhone(value: string): boolean {
  const text = value.trim();
  const digits = digitsIn(text);
  if (digits < 7 || digits > 15 || !/^\+?[\d\s().\-/]+(\s?(x|ext\.?)\s?\d+)?$/i.test(text)) return false;
  if (/^-?\d+([.,]\d+)?$/.test(text) || looksLikeDate(text) || validator.isIP(text) || validator.isISBN(text))
    return false;
  if (text.startsWith("+")) return parsePhoneNumberFromString(text)?.isValid() ?? false;
  return regions.some((region) => parsePhoneNumberFromString(text, region)?.isValid() ?? false);
}

/** Phone and fax numbers: valid in the numbering plan of their country (libphonenumber). */
export const phone: Detector = {
  kind: "phone",
  identifier: "direct",
  says: "phone numbers",
  names: [
    ..."電話|携帯|手机|电话|전화|휴대폰|телефон|τηλεφωνο".split("|"),
    ..."phone|telephone|phone number|telephone number|mobile|mobile number|mobile phone|cell|cell phone|cellphone".split(
      "|",
    ),
    ..."fax|fax number|tel|msisdn|whatsapp|telefon|telefonnummer|telefono|telefone|telefoon|handy|rufnummer".split("|"),
    ..."movil|celular|cellulare|portable|puhelin|komorka".split("|"),
  ],
  not: [
    "code",
    "model",
    "os",
    "app",
    "brand",
    "lines",
    "line",
    "data",
    "minutes",
    "usage",
    "bill",
    "charges",
    "device",
  ],
  fits: ({ type, values }) =>
    (type === "text" || type === "integer") && shareOf(values, (v) => digitsIn(v) >= 5 && digitsIn(v) <= 20) >= 0.5,
  value: isPhone,
  types: ["text"],
  share: 0.5,
  atMostDistinct: null,
  notValues:
    "isbn issn sku serial version product item invoice code article artikel part batch lot order tracking".split(" "),
  besidePerson: false,
};
