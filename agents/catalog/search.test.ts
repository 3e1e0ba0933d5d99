import { describe, expect, it } from "vitest";
import { searchDatasets } from "./search.ts";
import { similarity, wordsOf } from "./words.ts";

const tables = [
  { name: "telco_churn", columns: ["customerID", "tenure", "Churn"] },
  { name: "customers", columns: ["customer_id", "city"] },
  { name: "card_transactions", columns: ["card_id", "amount", "is_fraud"] },
  { name: "bike_hourly", columns: ["dteday", "temp", "cnt"] },
];
const found = (question: string) => searchDatasets(question, tables, 5).map((h) => h.dataset);

describe("a search", () => {
  it("ranks the table that names both things first", () => {
    expect(found("I want to predict customer churn for Q3")).toEqual(["telco_churn", "customers"]);
  });
  it("finds synonyms and misspelt words, and says why", () => {
    expect(searchDatasets("bicycle demand", tables, 5)[0]).toMatchObject({
      dataset: "bike_hourly",
      why: [
        { word: "bicycle", matched: "bike_hourly", in: "dataset", how: "synonym" },
        { word: "demand", matched: "cnt", in: "column", how: "synonym" },
      ],
    });
    expect(searchDatasets("custommers", tables, 1)[0]!.why[0]).toMatchObject({ matched: "customers", how: "similar" });
    expect(found("fraudulent payments")[0]).toBe("card_transactions");
  });
  it("finds nothing for nonsense, for stop words and for nothing", () => {
    for (const question of ["qwxz blorp", "predict the weather on Mars", "what do you predict for us", "", "!!!"]) {
      expect(found(question)).toEqual([]);
    }
  });
  it("gives the same order whatever the order of the catalog", () => {
    const back = searchDatasets("customer churn", [...tables].reverse(), 5);
    expect(back).toEqual(searchDatasets("customer churn", tables, 5));
  });
});

describe("words of a name", () => {
  it("are split at case, underscore and digits, in the singular and without accents", () => {
    expect(wordsOf("customerID_byCities2Über")).toEqual(["customer", "id", "by", "city", "uber"]);
    expect(wordsOf("TX_FRAUD_SCENARIO boxes status")).toEqual(["tx", "fraud", "scenario", "box", "status"]);
  });
  it("are as similar as pg_trgm says", () => {
    expect(similarity("word", "words")).toBeCloseTo(0.571429, 6);
    expect(similarity("customer", "customer")).toBe(1);
  });
});
