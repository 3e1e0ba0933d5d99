import type { Detector } from "../detector.ts";

/** Passwords and other secrets of a person: by name, and by the marks of bcrypt, argon2, scrypt and crypt hashes. */
export const password: Detector = {
  kind: "password",
  identifier: "direct",
  says: "passwords",
  names: [
    ..."password|passwd|pwd|passphrase|pass phrase|pass word|passcode|password hash|pin code|=pin|secret answer".split(
      "|",
    ),
    ..."security answer|passwort|kennwort|mot de passe|contrasena|clave|senha|parola|wachtwoord|haslo|losenord".split(
      "|",
    ),
    ..."api key|access token|auth token|secret key".split("|"),
  ],
  not: ["changed", "age", "expires", "expired", "reset", "strength", "attempts", "at", "date", "policy"],
  fits: ({ type }) => type === "text" || type === "integer",
  value: (value) => /^\$(2[abxy]?|argon2(id|i|d)|scrypt|5|6|y)\$\S{10,}$/.test(value),
  types: ["text"],
  share: 0.5,
  atMostDistinct: null,
  notValues: [],
  besidePerson: false,
};
