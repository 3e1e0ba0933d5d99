import type { ColumnType } from "@muster/shared/domain/dataset.ts";
import type { CatalogView, ColumnView, DatasetView, DeploymentView } from "./view.ts";

const types: Record<string, ColumnType> = {
  b: "boolean",
  i: "integer",
  n: "number",
  t: "text",
  d: "date",
  s: "timestamp",
};

/**
 * Columns from a line such as `customer_id:t! Churn:t/2 end_date:d?`: a name, a type by its letter, `!` unique,
 * `/2` classes, `?` with empty cells. A name without a type is text.
 */
function columns(line: string, rows: number): ColumnView[] {
  return line.split(/\s+/).map((part) => {
    const [, name = part, letter = "t", unique, classes, empty] =
      /^([^:!/?]+)(?::(\w))?(!)?(?:\/(\d+))?(\?)?$/.exec(part) ?? [];
    return {
      name,
      type: types[letter]!,
      unique: unique !== undefined,
      distinct: unique ? rows : classes ? Number(classes) : null,
      classes: classes ? Number(classes) : null,
      nulls: empty ? Math.round(rows / 3) : 0,
    };
  });
}

/** A dataset of a test catalog. */
export function dataset(name: string, line: string, more: Partial<DatasetView> = {}): DatasetView {
  const rows = more.rows ?? 5000;
  return { name, kind: "source", rows, columns: columns(line, rows), time: null, arrived: null, range: null, ...more };
}

/** A test catalog. */
export const catalog = (datasets: DatasetView[], deployments: DeploymentView[] = []): CatalogView => ({
  datasets,
  deployments,
});

/** Flat: one customer a row with a label. */
export const telco = (name = "telco_churn", label = "Churn"): DatasetView =>
  dataset(
    name,
    `customerID:t! gender:t/2 SeniorCitizen:i/2 Partner:b/2 Dependents:b/2 tenure:i PhoneService:b/2 MultipleLines:t/3 InternetService:t/3 OnlineSecurity:t/3 TechSupport:t/3 Contract:t/3 PaperlessBilling:b/2 PaymentMethod:t/4 MonthlyCharges:n TotalCharges:n? ${label}:b/2`,
    { rows: 7043 },
  );

/** Flat: loans with a column called class at the end. */
export const credit = (): DatasetView =>
  dataset(
    "credit_g",
    "checking_status:t/4 duration:i credit_history:t/5 purpose:t/10 credit_amount:i savings_status:t/5 employment:t/5 installment_commitment:i/4 personal_status:t/4 residence_since:i/4 age:i housing:t/3 existing_credits:i/4 job:t/4 own_telephone:b/2 foreign_worker:b/2 class:t/2",
    { rows: 1000 },
  );

/** Flat with hours: a count at the end. */
export const bikes = (): DatasetView =>
  dataset(
    "bike_sharing",
    "instant:i! dteday:d season:i/4 yr:i/2 mnth:i/12 hr:i/24 holiday:b/2 weekday:i/7 workingday:b/2 weathersit:i/4 temp:n atemp:n hum:n windspeed:n cnt:i",
    { rows: 17379, time: "dteday" },
  );

/** Without a header. */
export const headless = (name = "phoneme"): DatasetView =>
  dataset(name, "column_1:n column_2:n column_3:n column_4:n column_5:n column_6:i/2", { rows: 5404 });

/** Tables over time of one company: contracts run from a start to an end. */
export const company = (): DatasetView[] => {
  const range = { from: "2025-01-01T00:00:00Z", to: "2026-06-30T23:59:00Z" };
  return [
    dataset(
      "customers",
      "customer_id:t! first_name last_name email:t! phone birth_date:d? street city postal_code country:t/8 segment:t/4 signup_date:d acquisition_channel:t/6? marketing_opt_in:b/2 account_status:t/3 status_updated_at:s",
      { rows: 10000, time: "signup_date", range },
    ),
    dataset(
      "contracts",
      "contract_id:t! customer_id:t plan:t/4 monthly_fee:n billing_cycle:t/2 start_date:d end_date:d? auto_renew:b/2 termination_code:t/6?",
      { rows: 12000, time: "start_date", range },
    ),
    dataset(
      "usage_weekly",
      "customer_id:t week_start:d logins:i minutes_active:n features_used:i? api_errors:i loaded_at:s",
      { rows: 500000, time: "week_start", arrived: "loaded_at", range },
    ),
    dataset(
      "payments",
      "payment_id:t! customer_id:t due_date:d paid_date:d? amount:n method:t/4 status:t/3 loaded_at:s",
      { rows: 100000, time: "due_date", arrived: "loaded_at", range },
    ),
    dataset(
      "support_tickets",
      "ticket_id:t! customer_id:t opened_at:s closed_at:s? category:t/6 priority:t/4 satisfaction:i/5? subject loaded_at:s",
      { rows: 30000, time: "opened_at", arrived: "loaded_at", range },
    ),
    dataset(
      "card_transactions",
      "transaction_id:t! customer_id:t card_id:t merchant_id:t merchant_category:t/12 amount:n transaction_at:s country:t/20 is_fraud:b/2 loaded_at:s",
      { rows: 300000, time: "transaction_at", arrived: "loaded_at", range },
    ),
  ];
};

/** Card payments with a prefix on every column. */
export const fraud = (): DatasetView =>
  dataset(
    "fraud_transactions",
    "TRANSACTION_ID:i! TX_DATETIME:s CUSTOMER_ID:i TERMINAL_ID:i TX_AMOUNT:n TX_TIME_SECONDS:i TX_TIME_DAYS:i TX_FRAUD:i/2 TX_FRAUD_SCENARIO:i/4",
    { rows: 593487, time: "TX_DATETIME" },
  );

/** A trading company's tables. */
export const northwind = (): DatasetView[] => [
  dataset("categories", "category_id:i! category_name:t! description picture", { rows: 8 }),
  dataset(
    "employees",
    "employee_id:i! last_name first_name title:t/4 birth_date:d hire_date:d city country:t/2 reports_to:i?",
    { rows: 9 },
  ),
  dataset(
    "orders",
    "order_id:i! customer_id:t employee_id:i/9 order_date:d required_date:d shipped_date:d? ship_via:i/3 freight:n ship_name ship_address ship_city ship_region ship_country:t/21",
    { rows: 830, time: "order_date" },
  ),
  dataset("order_details", "order_id:i product_id:i unit_price:n quantity:i discount:n", { rows: 2155 }),
  dataset(
    "products",
    "product_id:i! product_name:t! supplier_id:i category_id:i/8 quantity_per_unit unit_price:n units_in_stock:i units_on_order:i reorder_level:i/7 discontinued:b/2",
    { rows: 77 },
  ),
];

/** Invoice lines without a label. */
export const retail = (): DatasetView =>
  dataset(
    "online_retail",
    "InvoiceNo:t StockCode:t Description:t? Quantity:i InvoiceDate:s UnitPrice:n CustomerID:n? Country:t/38",
    { rows: 541909, time: "InvoiceDate" },
  );
