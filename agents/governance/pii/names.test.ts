import { expect, it } from "vitest";
import { findPhrase, nameMatch, wordsOf } from "./names.ts";

it.each([
  ["customerID", ["customer", "id"]],
  ["CCNumber", ["cc", "number"]],
  ["ship_via", ["ship", "via"]],
  ["Prénom", ["prenom"]],
  ["Straße 2", ["strasse"]],
  ["HTTPServerName", ["http", "server", "name"]],
])("splits %s", (name, words) => expect(wordsOf(name)).toEqual(words));

it("finds a phrase however its words are joined, and only at word borders", () => {
  expect(findPhrase(["home", "firstname"], "first name")).toEqual({ from: 1, to: 2, letters: 9 });
  expect(findPhrase(["first", "name"], "firstname")).toEqual({ from: 0, to: 2, letters: 9 });
  expect(findPhrase(["shipping"], "ip")).toBeNull();
  expect(findPhrase(["contract", "age"], "=age")).toBeNull();
});

it("lets a word outside the phrase cancel it, and none inside", () => {
  expect(nameMatch(["phone", "code"], ["phone"], ["code"])).toBeNull();
  expect(nameMatch(["postal", "code"], ["postal code"], ["code"])).not.toBeNull();
  expect(nameMatch(["email", "count"], ["email"], [])).toBeNull();
});
