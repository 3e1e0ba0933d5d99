import type { Detector } from "../detector.ts";

/** Marks that keys and tokens of known services bear, and signed web tokens. */
const token =
  /^(sk_(live|test)_|pk_live_|rk_live_|AKIA[0-9A-Z]{12}|ASIA[0-9A-Z]{12}|gh[pousr]_\w{20}|github_pat_|glpat-|xox[abprs]-|AIza[\w-]{30}|SG\.[\w-]{16}|ya29\.|npm_\w{20}|-----BEGIN|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.)/;

/** Passwords, keys and other secrets of a person: by name, and by the marks of hashes (bcrypt, argon2, scrypt, crypt) and tokens. */
export const password: Detector = {
  kind: "password",
  identifier: "direct",
  says: "passwords or secret tokens",
  names: [
    ..."password|passwd|pwd|passphrase|pass phrase|pass word|passcode|password hash|pin code|=pin|secret answer".split(
      "|",
    ),
    ..."security answer|passwort|kennwort|mot de passe|contrasena|clave|senha|parola|wachtwoord|haslo|losenord".split(
      "|",
    ),
    ..."api key|api token|access token|auth token|secret key".split("|"),
  ],
  not: ["changed", "age", "expires", "expired", "reset", "strength", "attempts", "at", "date", "policy"],
  fits: ({ type }) => type === "text" || type === "integer",
  value: (value) => token.test(value) || /^\$(2[abxy]?|argon2(id|i|d)|scrypt|5|6|y)\$\S{10,}$/.test(value),
  types: ["text"],
  share: 0.5,
  atMostDistinct: null,
  notValues: [],
  besidePerson: false,
};
