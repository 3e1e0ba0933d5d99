import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Classification, type ClassKind } from "@muster/shared/domain/classification.ts";
import type { ColumnType } from "@muster/shared/domain/dataset.ts";
import { describe, expect, it } from "vitest";
import { classifyColumns } from "./classify-columns.ts";
import type { ColumnSample } from "./column-sample.ts";
import { csvSamples } from "./csv-samples.ts";

const datasets = fileURLToPath(new URL("../../../../shared/datasets/", import.meta.url));
const here = existsSync(datasets);
if (!here) console.warn("skipped: ../shared/datasets is absent, classification of whole files is not tested");

const column = (name: string, values: string[], type: ColumnType = "text", present = values.length): ColumnSample => ({
  name,
  type,
  present,
  distinct: new Set(values).size,
  values,
});
const kinds = (sample: ColumnSample, ...others: ColumnSample[]): ClassKind[] => [
  ...new Set(classifyColumns([sample, ...others]).columns[0]!.tags.map((tag) => tag.kind)),
];
const personal = (path: string): string[] =>
  classifyColumns(csvSamples(`${datasets}${path}`))
    .columns.filter((c) => c.pii)
    .map((c) => c.name);

describe("by name", () => {
  it.each<[string, string[], ClassKind]>([
    ["EmailAddress", ["a", "b", "c"], "email"],
    ["telefonnummer", ["030 1234567"], "phone"],
    ["CCNumber", ["5.54563E+15"], "card"],
    ["Prénom", ["Zoltan"], "person_name"],
    ["apellidos", ["Quispe"], "person_name"],
    ["firstname", ["Qwert"], "person_name"],
    ["geburtsdatum", ["1.2.1980"], "birth_date"],
    ["codigo_postal", ["28001"], "postal_code"],
    ["passwd", ["x1"], "password"],
    ["user_name", ["wasco"], "username"],
    ["codiceFiscale", ["RSSMRA85T10A562S"], "national_id"],
    ["ip_address", ["10.0.0.1"], "ip"],
    ["billing_address", ["Somewhere"], "street_address"],
    ["customerID", ["7590-VHVEG"], "key"],
    ["Geschlecht", ["divers"], "protected"],
    ["kfz_kennzeichen", ["K-AB 123"], "vehicle"],
    ["wifi_mac", ["001b44113ab7"], "device_id"],
    ["氏名", ["山田 太郎"], "person_name"],
    ["お客様住所", ["大阪市北区梅田"], "street_address"],
    ["фамилия", ["Иванова"], "person_name"],
  ])("finds %s", (name, values, kind) => expect(kinds(column(name, values))).toContain(kind));

  it.each(["email_count", "card_type", "phone_service", "company_name", "email_verified", "TelephoneCountryCode"])(
    "takes %s for something about it",
    (name) => expect(kinds(column(name, ["alpha", "beta", "gamma"]))).toEqual([]),
  );
  it("takes a yes-or-no column for a flag whatever it is called", () =>
    expect(kinds({ ...column("own_telephone", ["yes", "none"]), present: 1000 })).toEqual([]));
  it("trusts the name of an empty column less", () => {
    const [empty, filled] = [column("email", []), column("email", ["a@b.example"])].map(
      (c) => classifyColumns([c]).columns[0]!.tags[0]!.confidence,
    );
    expect(empty).toBeLessThan(filled!);
  });
});

describe("by values, under a name that says nothing", () => {
  it.each<[ClassKind, string[], ColumnType]>([
    ["email", ["ann@example.com", "bob.b@example.org"], "text"],
    ["phone", ["(206) 555-9857", "+49 30 901820", "206-555-3412"], "text"],
    ["card", ["4111 1111 1111 1111", "5500-0000-0000-0004"], "text"],
    ["card", ["4111111111111111", "5500000000000004"], "integer"],
    ["iban", ["DE89370400440532013000", "GB82 WEST 1234 5698 7654 32"], "text"],
    ["ip", ["192.168.0.1", "2001:db8::1"], "text"],
    ["device_id", ["00:1b:44:11:3a:b7", "3C-22-FB-10-9E-AA"], "text"],
    // The example of 49 CFR 565's table, and the number whose signs are all ones.
    ["vehicle", ["1M8GDM9AXKP042788", "11111111111111111"], "text"],
    // Published examples: INSEE's with its key 25, Skatteverket's, the CURP of RENAPO's manual.
    ["national_id", ["2 55 08 14 168 025 38"], "text"],
    ["national_id", ["811228-9874", "19670919-9530"], "text"],
    ["national_id", ["HEGG560427MVZRRL04"], "text"],
    // Built here: the shapes of keys, none of them one.
    ["password", [`ghp_${"a1".repeat(15)}`, `AKIA${"Z9".repeat(8)}`], "text"],
    ["national_id", ["078-05-1121", "219-09-9998"], "text"],
    ["national_id", ["12345678Z", "87654321X"], "text"],
    ["street_address", ["1659 Hoog St", "12 rue de la Paix", "Hauptstraße 5", "P.O. Box 255"], "text"],
    ["person_name", ["Maria Anders", "Thomas Hardy", "Hanna Moos"], "text"],
    ["password", ["$2b$12$abcdefghijklmnopqrstuv"], "text"],
    ["postal_code", ["EC1A 1BB", "SW1A 2AA"], "text"],
    ["free_text", ["please write to ann@example.com about the bill", "no answer since monday, will try again"], "text"],
    ["protected", ["male single", "female divorced"], "text"],
  ])("finds %s", (kind, values, type) => expect(kinds(column("c1", values, type))).toEqual([kind]));

  it.each<[string, string[], ColumnType]>([
    ["amounts in text", ["1889.5", "108.15", "1840.75", "151.65"], "text"],
    ["days", ["2011-01-15", "2012-11-30", "2013-05-01"], "text"],
    ["numbers that miss the card's checksum", ["4111111111111112", "5500000000000005"], "integer"],
    ["an account number with wrong check digits", ["DE88370400440532013000"], "text"],
    ["versions", ["1.2.3", "10.4.0"], "text"],
    ["a vehicle number with another check digit", ["1M8GDM9A1KP042788"], "text"],
    ["a register number with another key", ["255081416802539"], "text"],
    ["hashes", ["9f86d081884c7d659a2feaa0c55ad015", "60303ae22b998861bce3b28f33eec1be"], "text"],
    ["book numbers", ["978-3-16-148410-0", "978-0-306-40615-7"], "text"],
    ["plain sentences", ["there were 12 boxes in the yard today", "nothing more to say about it now"], "text"],
  ])("finds nothing in %s", (_, values, type) => expect(kinds(column("c1", values, type))).toEqual([]));

  it("reads a county called like a person as a place", () =>
    expect(kinds(column("county", ["Maria Anders", "Thomas Hardy"]))).toEqual([]));
});

describe("beside a person", () => {
  const city = column("city", ["Oslo", "Rome", "Lyon"]);
  const births = column(
    "d",
    Array.from({ length: 40 }, (_, i) => `${1950 + i}-05-0${1 + (i % 9)}`),
    "date",
  );
  const email = column("email", ["a@b.example", "c@d.example"]);
  it("a city is an identifier", () => expect(kinds(city, email)).toEqual(["city"]));
  const lat = column("latitude", ["48.13712", "52.52001", "40.41678"], "number");
  it("coordinates are where they are; of things they are a measure", () => {
    expect(kinds(lat, email)).toEqual(["location"]);
    expect(kinds(lat)).toEqual([]);
  });
  it("a city is a category otherwise", () => expect(kinds(city)).toEqual([]));
  it("dates over more than a generation are births", () => {
    expect(kinds(births, email)).toEqual(["birth_date"]);
    expect(kinds(births)).toEqual([]);
    expect(kinds({ ...births, name: "hired_on_start" }, email)).toEqual([]);
  });
});

it("finds a column that names its row, and takes amounts for none", () => {
  const ids = Array.from({ length: 50 }, (_, i) => String(i + 1));
  expect(kinds(column("instant", ids, "integer"))).toEqual(["key"]);
  expect(
    kinds(
      column(
        "amount",
        ids.map((v) => String(Number(v) ** 3)),
        "integer",
      ),
    ),
  ).toEqual([]);
  expect(
    kinds(
      column(
        "code",
        ids.map((v) => `AB${v}`),
      ),
    ),
  ).toEqual(["key"]);
});

it("gives counts and bounds, never a value", () => {
  const values = Array.from({ length: 300 }, (_, i) => `canary${i}@example.com`);
  const result = Classification.parse(classifyColumns([{ ...column("x", values), distinct: 5000, present: 5000 }]));
  expect(JSON.stringify(result)).not.toContain("canary");
  expect(result.columns[0]).toMatchObject({ pii: true, identifier: "direct", tags: [{ share: 1, checked: 300 }] });
  expect(result.columns[0]!.missedShare).toBeCloseTo(1 - 0.05 ** (1 / 300), 12);
});

describe.runIf(here)("whole files", () => {
  // What the file's own description and HIPAA / PCI DSS call identifying: names, contact, places below a state,
  // credentials, card data, numbers issued by a state, birth.
  const truth = [
    ..."GivenName MiddleInitial Surname MothersMaiden StreetAddress City ZipCode EmailAddress Username Password".split(
      " ",
    ),
    ..."TelephoneNumber Birthday CCNumber CVV2 CCExpires NationalID".split(" "),
  ];
  it("people: recall at least 0.95 at precision at least 0.9", () => {
    const found = personal("pii_fakenames/people.csv");
    const right = found.filter((name) => truth.includes(name)).length;
    expect(right / truth.length).toBeGreaterThanOrEqual(0.95);
    expect(right / found.length).toBeGreaterThanOrEqual(0.9);
  });
  it("people without column names: those with a format are still found", () => {
    const samples = csvSamples(`${datasets}pii_fakenames/people.csv`);
    const { columns } = classifyColumns(samples.map((c, i) => ({ ...c, name: `c${i}` })));
    const found = samples.filter((_, i) => columns[i]!.pii).map((c) => c.name);
    expect(found).toEqual(expect.arrayContaining(["EmailAddress", "TelephoneNumber", "StreetAddress", "Birthday"]));
    expect(found.filter((name) => !truth.includes(name))).toEqual([]);
  });
  it("telco and credit hold no personal data; the customer's id is a key", () => {
    expect(personal("telco_churn/telco_churn.csv")).toEqual([]);
    expect(personal("credit_g/credit_g.csv")).toEqual([]);
    expect(personal("bike_sharing/bike_hourly.csv")).toEqual([]);
    const telco = classifyColumns(csvSamples(`${datasets}telco_churn/telco_churn.csv`)).columns;
    expect(telco.filter((c) => c.tags.some((tag) => tag.kind === "key")).map((c) => c.name)).toEqual(["customerID"]);
  });
});
