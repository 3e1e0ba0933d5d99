import { shareOf } from "../column-sample.ts";
import type { Detector } from "../detector.ts";

/** Words for streets, after a name ("Main Street", "Hauptstraße") or before it ("rue de", "calle"). */
const after =
  /\p{L}+[\s-](street|st|road|rd|avenue|ave|av|lane|ln|drive|dr|blvd|boulevard|court|ct|place|pl|square|sq|way|terrace|crescent|close|parkway|pkwy|highway|hwy|põik)\b/iu;
const joined =
  /\p{L}{2,}[\s-]?(str|stra(ss|ß)e|weg|platz|allee|gasse|straat|laan|plein|gade|vej|gata|gatan|v[äa]gen|katu|utca|ulica)(?!\p{L})/iu;
const before =
  /\b(rue|avenue|boulevard|all[ée]e|chemin|place|calle|avenida|avda|carrera|paseo|plaza|via|viale|piazza|corso|rua|travessa|estrada|ul|ulica|os)\b\.?\s+\p{L}/iu;

/** Japan's order: prefecture, city or ward, block numbers. */
const japanese = /(都|道|府|県).{1,12}(市|区|町|村|郡).*\d/u;

function isAddress(value: string): boolean {
  const text = value.trim();
  if (text.length < 6 || text.length > 160) return false;
  if (japanese.test(text)) return true;
  if (/\b(p\.?\s?o\.?\s?box|postfach|apartado|casella postale)\s*\d+/i.test(text)) return true;
  return /\d/.test(text) && [after, joined, before].some((street) => street.test(text));
}

/** Postal addresses down to the house: a number beside a street's word in a dozen languages, or a post box. */
export const streetAddress: Detector = {
  kind: "street_address",
  identifier: "direct",
  says: "postal addresses",
  names: [
    ..."住所|地址|주소|адрес|διευθυνση".split("|"),
    ..."address|addr|street|street address|street name|home address|postal address|mailing address".split("|"),
    ..."billing address|shipping address|address line|strasse|anschrift|adresse|rue|direccion|domicilio".split("|"),
    ..."calle|endereco|rua|indirizzo|via residenza|adres|straat|ulica|adress|gatuadress|hausnummer".split("|"),
  ],
  not: [
    "ip",
    "mac",
    "web",
    "url",
    "wallet",
    "contract",
    "memory",
    "email",
    "mail",
    "id",
    "changed",
    "warehouse",
    "store",
    "shop",
    "branch",
    "depot",
    "station",
    "aisle",
  ],
  fits: ({ type, values }) => type === "text" && shareOf(values, (v) => /\p{L}/u.test(v)) >= 0.5,
  value: isAddress,
  types: ["text"],
  share: 0.3,
  atMostDistinct: null,
  notValues: [],
  besidePerson: false,
};
