import { shareOf } from "../column-sample.ts";
import type { Detector } from "../detector.ts";
import { givenNames } from "../given-names.ts";

const plain = (word: string): string => word.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const titles = /^(mr|mrs|ms|miss|dr|prof|herr|frau|m|mme|sr|sra|sig)\.?$/i;

/** One to four capitalised words of letters (surname first with a comma, too), one of the first two a given name. */
function isPersonName(value: string): boolean {
  const words = value
    .trim()
    .split(/[\s,]+/)
    .filter((word) => !titles.test(word));
  if (words.length < 1 || words.length > 4) return false;
  if (!words.every((word) => /^\p{Lu}[\p{L}'’.-]*$/u.test(word) || /^(de|da|van|von|di|del|la|le)$/.test(word)))
    return false;
  return words.slice(0, 2).some((word) => word.split("-").some((part) => givenNames.has(plain(part))));
}

/** Names of persons and their parts: by name in a dozen languages, and by the share of common given names. */
export const personName: Detector = {
  kind: "person_name",
  identifier: "direct",
  says: "names of persons",
  names: [
    ..."氏名|名前|姓名|フリガナ|お名前|이름|성명|фамилия|имя|отчество|фио|ονομα".split("|"),
    ..."first name|fname|given name|forename|christian name|last name|lname|surname|family name|full name".split("|"),
    ..."middle name|middle initial|maiden name|mothers maiden|mother maiden|mothers maiden name|contact name".split(
      "|",
    ),
    ..."customer name|client name|patient name|employee name|person name|member name|student name|owner name".split(
      "|",
    ),
    ..."card holder|cardholder|card holder name|account holder|holder name|spouse name|nominee name|user full name".split(
      "|",
    ),
    ..."vorname|nachname|familienname|geburtsname|ansprechpartner|prenom|nom de famille|=nom|patronyme".split("|"),
    ..."apellido|apellidos|nombres|primer nombre|nombre completo|sobrenome|nome completo|apelido|cognome".split("|"),
    ..."voornaam|achternaam|imie|nazwisko|fornamn|efternamn|etunimi|sukunimi|fornavn|etternavn".split("|"),
  ],
  not: [
    "company",
    "business",
    "product",
    "store",
    "shop",
    "brand",
    "organisation",
    "organization",
    "school",
    "hospital",
  ],
  fits: ({ type, values }) => type === "text" && shareOf(values, (v) => /^[\p{L}\s.,'’()-]+$/u.test(v)) >= 0.6,
  value: isPersonName,
  types: ["text"],
  share: 0.3,
  atMostDistinct: null,
  notValues: [
    ..."city|town|county|state|country|region|province|district|place|street|company|business|product|brand|item".split(
      "|",
    ),
    ..."category|team|station|airport|hospital|school|store|shop|model|title|month|day|stadt|ort|ville|ciudad".split(
      "|",
    ),
  ],
  besidePerson: false,
};
