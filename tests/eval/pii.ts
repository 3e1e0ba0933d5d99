import { existsSync } from "node:fs";
import { classifyColumns } from "@muster/governance/pii/classify-columns.ts";
import type { ColumnSample } from "@muster/governance/pii/column-sample.ts";
import { csvSamples } from "@muster/governance/pii/csv-samples.ts";
import { type Evaluation, round } from "../support/measure.ts";
import { publicDatasets, publicFile } from "../support/story.ts";
import { type MadeTable, peopleTables, thingTables } from "./people-tables.ts";

/**
 * The columns of pii_fakenames that hold personal data, by what the file says they are: names, contact, places below a state,
 * credentials, card data, numbers issued by a state, birth (HIPAA's Safe Harbor list and PCI DSS). Not: gender, title, age
 * (protected attributes, tagged as such), the row's number, states and countries, the kind of card, an occupation, a company
 * and a web domain that are made up for no person.
 */
const fakeNames = [
  ..."GivenName MiddleInitial Surname MothersMaiden StreetAddress City ZipCode EmailAddress Username Password".split(
    " ",
  ),
  ..."TelephoneNumber Birthday CCNumber CVV2 CCExpires NationalID".split(" "),
];

/** The personal columns of northwind's tables: who is named there, and how and where they are reached. Freight firms aren't persons. */
const northwind: Record<string, string[]> = {
  customers: ["contact_name", "address", "city", "postal_code", "phone", "fax"],
  employees: ["last_name", "first_name", "birth_date", "address", "city", "postal_code", "home_phone", "notes"],
  suppliers: ["contact_name", "address", "city", "postal_code", "phone", "fax"],
  orders: ["ship_address", "ship_city", "ship_postal_code"],
  ...{ shippers: [], products: [], categories: [], region: [], territories: [], us_states: [], order_details: [] },
};

type Judged = {
  table: string;
  columns: number;
  personal: number;
  found: number;
  right: number;
  missed: string[];
  false: string[];
};

function judge(table: string, columns: ColumnSample[], personal: readonly string[]): Judged {
  const found = classifyColumns(columns)
    .columns.filter(({ pii }) => pii)
    .map(({ name }) => name);
  const right = found.filter((name) => personal.includes(name));
  return {
    ...{ table, columns: columns.length, personal: personal.length, found: found.length, right: right.length },
    missed: personal.filter((name) => !found.includes(name)),
    false: found.filter((name) => !personal.includes(name)),
  };
}

const made = ({ name, columns, personal }: MadeTable): Judged => judge(name, columns, personal);
/** The same table under names that say nothing: what values alone tell. */
const unnamed = ({ name, columns, personal }: MadeTable): Judged =>
  judge(
    `${name}, columns unnamed`,
    columns.map((column, i) => ({ ...column, name: `c${i}` })),
    personal.map((one) => `c${columns.findIndex((column) => column.name === one)}`),
  );
const sum = (list: readonly Judged[], of: (one: Judged) => number): number =>
  list.reduce((all, one) => all + of(one), 0);
const recall = (list: readonly Judged[]) => round(sum(list, (one) => one.right) / sum(list, (one) => one.personal));
const precision = (list: readonly Judged[]) => round(sum(list, (one) => one.right) / sum(list, (one) => one.found));

/** How many personal columns are found and how many others are taken for such: public files where they stand, made-up tables of six countries, look-alikes. */
export const evaluation: Evaluation = {
  name: "pii",
  does: "recall and precision of the classification of personal data, column by column",
  async run() {
    const generated = peopleTables.map(made);
    const things = thingTables.map(made);
    const bare = [...peopleTables, ...thingTables].map(unnamed);
    const figures: Record<string, number | string | null> = {
      generatedRecall: recall(generated),
      generatedPrecision: precision(generated),
      unnamedRecall: recall(bare),
      unnamedPrecision: precision(bare),
      lookalikeColumns: sum(things, (one) => one.columns),
      lookalikeFalseAlarms: sum(things, (one) => one.found),
    };
    const cases = [...generated, ...things, ...bare];
    if (publicDatasets()) {
      const file = (...path: string[]) => csvSamples(publicFile(...path));
      const names = [judge("pii_fakenames", file("pii_fakenames", "people.csv"), fakeNames)];
      const flat = [
        judge("telco_churn", file("telco_churn", "telco_churn.csv"), []),
        judge("credit_g", file("credit_g", "credit_g.csv"), []),
        judge("bike_sharing", file("bike_sharing", "bike_hourly.csv"), []),
        judge("phoneme", file("phoneme", "phoneme.csv"), []),
      ];
      const north = Object.entries(northwind)
        .filter(([table]) => existsSync(publicFile("northwind", `${table}.csv`)))
        .map(([table, personal]) => judge(`northwind.${table}`, file("northwind", `${table}.csv`), personal));
      Object.assign(figures, {
        ...{ fakeNamesRecall: recall(names), fakeNamesPrecision: precision(names) },
        ...{ northwindRecall: recall(north), northwindPrecision: precision(north) },
        flatFalseAlarms: sum(flat, (one) => one.found),
      });
      cases.push(...names, ...north, ...flat);
    }
    return { figures, cases };
  },
};
