import type { Join } from "@muster/shared/domain/join.ts";
import { describe, expect, it } from "vitest";
import { reach } from "./reach.ts";

const join = (left: string, right: string, leftUnique = false): Join => {
  const side = (text: string) => ({ dataset: text.split(".")[0]!, column: text.split(".")[1]! });
  return { left: side(left), right: side(right), inclusion: 1, leftUnique, rightUnique: true };
};
const joins = [
  join("orders.customer", "customers.id"),
  join("orders.shop", "shops.id"),
  join("items.order", "orders.id"),
  join("items.product", "products.id"),
  join("products.maker", "makers.id"),
  join("tickets.customer", "customers.id"),
  join("profiles.customer", "customers.id", true),
  join("customers.parent", "customers.id"),
];
const paths = (from: string, entity: string | null = null, over = joins) =>
  Object.fromEntries([...reach(from, entity, over)].map(([to, path]) => [to, path.map(({ many }) => many)]));

describe("what joins reach", () => {
  it("within two steps, with whether a row meets one or many", () => {
    expect(paths("orders")).toEqual({
      customers: [false],
      shops: [false],
      items: [true],
      products: [true, false],
      tickets: [false, true],
      profiles: [false, false],
    });
  });
  it("is the same whatever order the joins come in, and of equal ways the one from the entity", () => {
    expect(paths("orders", null, [...joins].reverse())).toEqual(paths("orders"));
    const two = [join("orders.shop", "places.id"), join("orders.customer", "places.id")];
    expect(reach("orders", "customer", two).get("places")![0]!.left.column).toBe("customer");
    expect(reach("orders", "shop", two).get("places")![0]!.left.column).toBe("shop");
  });
});
