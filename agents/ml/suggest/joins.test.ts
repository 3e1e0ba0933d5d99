import { expect, test } from "vitest";
import { joinsFrom } from "./joins.ts";

const side = (text: string) => {
  const [dataset, column] = text.split(".") as [string, string];
  return { dataset, column };
};
const measured = (left: string, right: string, leftUnique = false) => ({
  ...{ left: side(left), right: side(right), inclusion: 1, leftUnique, rightUnique: true },
});
const shown = (dataset: string, joins: Parameters<typeof joinsFrom>[1]) =>
  joinsFrom(dataset, joins).map(
    ({ left, right, unique }) => `${left.column} ${right.dataset}.${right.column}${unique ? " unique" : ""}`,
  );

test("a table meets its parents, its children, and what shares its key", () => {
  const joins = [
    measured("contracts.customer", "customers.id"),
    measured("payments.payer", "customers.id"),
    measured("profiles.customer", "customers.id", true),
    measured("invoices.contract", "contracts.no"),
    measured("shops.owner", "people.id"),
  ];
  expect(shown("contracts", joins)).toEqual([
    "customer customers.id unique",
    "no invoices.contract",
    "customer payments.payer",
    "customer profiles.customer unique",
  ]);
});

test("a join that is measured both ways stands once, and none leads back to the table itself", () => {
  const joins = [measured("a.k", "b.k", true), measured("b.k", "a.k", true), measured("a.parent", "a.k")];
  expect(shown("a", joins)).toEqual(["k b.k unique", "parent b.k unique"]);
});
