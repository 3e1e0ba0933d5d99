import { describe, expect, it, test } from "vitest";
import { wordsOf } from "../words.ts";
import { askedIn } from "./asked.ts";
import { documentOf, type Matched } from "./document.ts";
import { answering, rank } from "./rank.ts";
import { seeds } from "./seeds.ts";
import { editsBetween, misspelt } from "./spelling.ts";

describe("words of a name", () => {
  it("are split at case, underscore and digits, in the singular and without accents", () => {
    expect(wordsOf("customerID_byCities2Über")).toEqual(["customer", "id", "by", "city", "uber"]);
    expect(wordsOf("TX_FRAUD_SCENARIO boxes status")).toEqual(["tx", "fraud", "scenario", "box", "status"]);
  });
});

describe("a question", () => {
  it("is read for what it may name; what only asks names nothing", () => {
    expect(askedIn("I want to predict customer churn for Q3").words).toEqual(["customer", "churn"]);
    for (const text of ["what do you predict for us", "show me all the data", "", "!!!", "12 34"])
      expect(askedIn(text).words).toEqual([]);
  });
  it("is looked up with neighbours in one piece: a work order may be called workorder", () => {
    expect(askedIn("open work orders").joined).toContainEqual({ whole: "workorder", of: ["work", "order"] });
  });
});

describe("slips of the pen", () => {
  // Damerau 1964 and the textbook pair kitten/sitting.
  test.each([
    ["kitten", "sitting", 3],
    ["ca", "ac", 1],
    ["shipmnet", "shipment", 1],
    ["", "abc", 3],
    ["same", "same", 0],
  ])("%s and %s are %i apart", (a, b, edits) => {
    expect(editsBetween(a, b)).toBe(edits);
    expect(editsBetween(b, a)).toBe(edits);
  });
  it("are taken for a word only where it is long enough and begins alike", () => {
    expect(misspelt("custmer", "customer")).toBe(true);
    expect(misspelt("shipmnet", "shipment")).toBe(true);
    expect(misspelt("mars", "bars")).toBe(false);
    expect(misspelt("horse", "house")).toBe(true);
    expect(misspelt("rouse", "house")).toBe(false);
    expect(misspelt("table", "tulle")).toBe(false);
  });
});

const match = (dataset: string, word: string, more: Partial<Matched> = {}): Matched => ({
  ...{ dataset, word, term: word, how: "same", exact: true, field: "name", part: dataset, size: 1 },
  ...more,
});
const asked = (...words: string[]) => ({ words, joined: [] });

describe("hits", () => {
  it("must answer enough of the question: one common word of many is no hit", () => {
    const common = Array.from({ length: 20 }, (_, i) => match(`t${i}`, "date", { field: "column", size: 2 }));
    expect(answering(asked("volcano", "eruption", "date"), common, 100)).toEqual([]);
    expect(answering(asked("date"), common, 100)).toHaveLength(20);
  });
  it("are those that answer nearly as much as the best", () => {
    const found = answering(
      asked("customer", "churn"),
      [match("telco_churn", "churn"), match("telco_churn", "customer"), match("customers", "customer")],
      100,
    );
    expect(found.map(({ dataset }) => dataset)).toEqual(["telco_churn"]);
    expect(found[0]!.why.map(({ word }) => word)).toEqual(["customer", "churn"]);
  });
  it("are found in a small catalog, too, though a word is unknown there", () => {
    expect(answering(asked("churn", "suburb"), [match("telco", "churn")], 1)).toHaveLength(1);
  });
  it("are fused by reciprocal rank, and stand in one order whatever order they came in", () => {
    const hits = answering(asked("customer"), [match("a", "customer", { size: 2 }), match("b", "customer")], 50);
    const documents = ["a", "b"].map((dataset) => ({ dataset, text: dataset === "a" ? 2 : 1, spelling: 0 }));
    const ranked = rank(hits, documents, 10);
    expect(ranked.map(({ score }) => score)).toEqual([1 / 61 + 1 / 62, 1 / 62 + 1 / 61]);
    expect(rank([...hits].reverse(), [...documents].reverse(), 10)).toEqual(ranked);
    expect(ranked[0]!.dataset).toBe("b");
    expect(rank(hits, documents, 1)).toHaveLength(1);
  });
});

it("what is indexed of a dataset are its words: texts about a column that is gone aren't", () => {
  const said = { dataset: "t", kind: "description", giver: "person", by: null, at: "" } as const;
  const { entries } = documentOf({ name: "work_orders", version: "v", columns: [{ name: "dueDate", type: "date" }] }, [
    { ...said, column: "dueDate", text: "When it's due" },
    { ...said, column: "gone", text: "secret" },
  ]);
  expect(entries.map(({ field, words }) => [field, words])).toEqual([
    ["name", ["work", "order", "workorder"]],
    ["column", ["due", "date", "duedate"]],
    ["column_description", ["when", "it", "s", "due"]],
  ]);
});

it("seeded synonyms are single words in the singular, as names are split", () => {
  const wrong = Object.values(seeds)
    .flat()
    .filter((word) => wordsOf(word).join(" ") !== word);
  expect(wrong).toEqual([]);
});
