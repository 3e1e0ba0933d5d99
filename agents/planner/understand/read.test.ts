import { describe, expect, it } from "vitest";
import { groundExclusions, readExclusions } from "./exclusions.ts";
import { horizonArgument } from "./horizon.ts";
import { readText } from "./read.ts";
import { bikes, company, telco } from "./testing.ts";

describe("horizons", () => {
  it.each([
    ["churn for Q3", 1, "quarter"],
    ["churn in 2026 Q3", 1, "quarter"],
    ["churn in the fourth quarter of 2026", 1, "quarter"],
    ["churn next quarter", 1, "quarter"],
    ["churn in the next month", 1, "month"],
    ["churn over the next 3 months", 3, "month"],
    ["churn within 90 days", 90, "day"],
    ["churn in the coming six weeks", 6, "week"],
    ["30-day churn", 30, "day"],
    ["churn next year", 4, "quarter"],
    ["churn in August", 1, "month"],
  ])("%s", (text, count, unit) => {
    expect(readText(text).horizon?.span).toEqual({ count, unit });
    expect(readText(text).rest.trim()).toMatch(/^churn$/);
  });

  it.each(["predict monthly charges", "use the last 30 days of data", "predict churn", "tenure in months"])(
    "has none: %s",
    (text) => expect(readText(text).horizon).toBeNull(),
  );

  it("hands a named quarter on as it was named", () => {
    const argument = (text: string) => horizonArgument(readText(text).horizon!);
    expect(argument("churn for Q3")).toEqual({ quarter: "Q3" });
    expect(argument("churn for Q1 2027")).toEqual({ quarter: "Q1", year: 2027 });
    expect(argument("churn next quarter")).toEqual({ count: 1, unit: "quarter" });
  });
});

describe("budgets", () => {
  it.each([
    ["predict churn for at most $2", 2],
    ["predict churn with a budget of 0.5 USD", 0.5],
    ["predict churn, budget 3 dollars", 3],
    ["predict churn, spend no more than 1.25 USD", 1.25],
    ["predict churn under $1", 1],
    ["predict churn for up to 50 cents", 0.5],
    ["predict churn, $4 max", 4],
    ["predict churn", null],
    ["predict churn within 30 days", null],
  ])("%s", (text, usd) => expect(readText(text).budgetUsd).toBe(usd));
});

describe("metrics", () => {
  it.each([
    ["predict churn by F1", "f1_macro"],
    ["predict churn, optimise average precision", "average_precision"],
    ["predict churn and maximise AUC", "roc_auc"],
    ["predict cnt, metric: rmse", "rmse"],
    ["predict cnt minimizing mean absolute error", "mae"],
    ["predict churn with accuracy as the metric", "accuracy"],
    ["predict churn by log loss", "log_loss"],
    ["predict cnt by R²", "r2"],
    ["predict churn", null],
  ])("%s", (text, metric) => expect(readText(text).metric).toBe(metric));

  it("refuses one that no model can be chosen by", () => {
    expect(() => readText("predict churn by recall")).toThrowError(/choose one of roc_auc/);
  });
});

describe("names and classes", () => {
  it.each([
    ["predict churn and call it Loyal Customers", "loyal_customers"],
    ['predict churn, name the model "Q3-risk"', "q3_risk"],
    ["train a model called keep_them for churn", "keep_them"],
    ["predict the column named class", null],
  ])("%s", (text, name) => expect(readText(text).name).toBe(name));

  it("reads the class that counts as yes", () => {
    expect(readText("predict Churn = Yes").positive).toEqual({ column: "Churn", value: "Yes" });
  });
});

describe("exclusions", () => {
  const [own, ...related] = [company()[1]!, company()[0]!, ...company().slice(2)];
  const left = (text: string) => groundExclusions(readExclusions(text).value, own!, related).columns;

  it.each([
    ["predict churn without termination_code", ["termination_code"]],
    ["predict churn, ignore termination code and account status", ["termination_code", "customers.account_status"]],
    ["predict churn, don't use customers.segment", ["customers.segment"]],
    ["predict churn, leave out the plan, auto renew and monthly fee", ["plan", "auto_renew", "monthly_fee"]],
    ["predict churn excluding satisfaction for at most $2", ["support_tickets.satisfaction"]],
  ])("%s", (text, columns) => expect(left(text)).toEqual(columns));

  it("leaves out a whole table but its keys", () => {
    expect(left("predict churn without payments")).toEqual(
      ["due_date", "paid_date", "amount", "method", "status", "loaded_at"].map((name) => `payments.${name}`),
    );
  });

  it("leaves out every column that bears the word", () => {
    const columns = groundExclusions(readExclusions("without charges").value, telco(), []).columns;
    expect(columns).toEqual(["MonthlyCharges", "TotalCharges"]);
  });

  it("doesn't quietly use what it can't find", () => {
    const phrases = readExclusions("predict cnt, don't use casual").value;
    expect(() => groundExclusions(phrases, bikes(), [])).toThrowError(/no column of bike_sharing/);
    const soft = groundExclusions(readExclusions("predict cnt without delay").value, bikes(), []);
    expect(soft.assumptions).toEqual(['no column is called "delay": there is nothing to leave out for it']);
  });
});
