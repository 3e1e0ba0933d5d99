import { shareOf } from "../column-sample.ts";
import type { Detector } from "../detector.ts";

/** User names: by name only, any word could be one. */
export const username: Detector = {
  kind: "username",
  identifier: "direct",
  says: "user names",
  names: [
    ..."username|user name|login|login name|login id|screen name|nickname|nick name|user handle|twitter handle".split(
      "|",
    ),
    ..."=handle|benutzername|benutzer name|identifiant|nom utilisateur|nombre usuario|=usuario|nome utente".split("|"),
    ..."nome usuario|gebruikersnaam|nazwa uzytkownika|anvandarnamn|account name".split("|"),
  ],
  not: ["attempts", "time", "date", "last", "first", "failed", "page", "at"],
  fits: ({ type, values }) => type === "text" && shareOf(values, (v) => /\p{L}/u.test(v)) >= 0.5,
  value: null,
  types: [],
  share: 1,
  atMostDistinct: null,
  notValues: [],
  besidePerson: false,
};
