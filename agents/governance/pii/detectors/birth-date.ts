import { looksLikeDate, shareOf } from "../column-sample.ts";
import type { Detector } from "../detector.ts";

/** Dates of birth by name; the spread of dates beside a person is looked at in `birth-date-by-spread.ts`. */
export const birthDate: Detector = {
  kind: "birth_date",
  identifier: "quasi",
  says: "dates of birth",
  names: [
    ..."生年月日|誕生日|出生日期|생년월일|дата рождения".split("|"),
    ..."birthday|birth date|birthdate|date of birth|dob|born|born on|birth|birth year|year of birth|yob|bday".split(
      "|",
    ),
    ..."geburtsdatum|geburtstag|geboren|geb datum|date de naissance|date naissance|ne le|fecha nacimiento".split("|"),
    ..."fecha de nacimiento|nacimiento|data de nascimento|data nascimento|data di nascita|data nascita".split("|"),
    ..."geboortedatum|data urodzenia|fodelsedatum|syntymaaika".split("|"),
  ],
  not: ["weight", "place", "order", "name", "city", "country", "state"],
  fits: ({ type, values }) =>
    type === "date" ||
    type === "timestamp" ||
    shareOf(values, (v) => looksLikeDate(v) || /^(18|19|20)\d{2}$/.test(v) || /\d{4}/.test(v)) >= 0.7,
  value: null,
  types: [],
  share: 1,
  atMostDistinct: null,
  notValues: [],
  besidePerson: false,
};
