import type { ColumnSample } from "@muster/governance/pii/column-sample.ts";
import { sampleSize } from "@muster/governance/pii/column-sample.ts";
import type { ColumnType } from "@muster/shared/domain/dataset.ts";
import { seededRandom } from "@muster/shared/random.ts";

/** A table made up for the evaluation: its columns, and which of them hold personal data. */
export type MadeTable = { name: string; columns: ColumnSample[]; personal: string[] };

type Draw = ReturnType<typeof drawer>;
type Made = { name: string; type?: ColumnType; personal?: boolean; value: (d: Draw, row: number) => string };

function drawer(seed: number) {
  const random = seededRandom(seed);
  const below = (n: number) => Math.floor(random() * n);
  const digits = (n: number) => Array.from({ length: n }, () => below(10)).join("");
  const of = <T>(list: readonly T[]): T => list[below(list.length)]!;
  return { below, digits, of, between: (a: number, b: number) => a + below(b - a + 1) };
}

const pad = (n: number, width = 2) => String(n).padStart(width, "0");
/** The digit that makes a number pass Luhn's check. */
function luhn(digits: string): string {
  const sum = [...digits].reverse().reduce((all, c, i) => {
    const twice = i % 2 === 0 ? Number(c) * 2 : Number(c);
    return all + (twice > 9 ? twice - 9 : twice);
  }, 0);
  return String((10 - (sum % 10)) % 10);
}
const card = (d: Draw) => {
  const stem = `4${d.digits(14)}`;
  return stem + luhn(stem);
};
const iban = (country: string, bban: string) => {
  const text = `${bban}${country}00`.replace(/[A-Z]/g, (c) => String(c.charCodeAt(0) - 55));
  return `${country}${pad(98 - Number(BigInt(text) % 97n))}${bban}`;
};
const date = (d: Draw, order: "ymd" | "dmy" | "mdy", sign: string, from = 1940, to = 2004) => {
  const [y, m, day] = [String(d.between(from, to)), pad(d.between(1, 12)), pad(d.between(1, 28))];
  return (order === "ymd" ? [y, m, day] : order === "dmy" ? [day, m, y] : [m, day, y]).join(sign);
};
const dni = (d: Draw) => {
  const n = d.digits(8);
  return n + "TRWAGMYFPDXBNJZSQVHLCKE"[Number(n) % 23];
};
const nir = (d: Draw) => {
  const n = `${d.between(1, 2)}${d.digits(2)}${pad(d.between(1, 12))}${pad(d.between(1, 95))}${d.digits(6)}`;
  return `${n}${pad(97 - Number(BigInt(n) % 97n))}`;
};
const pesel = (d: Draw) => {
  const n = `${pad(d.between(40, 99))}${pad(d.between(1, 12))}${pad(d.between(1, 28))}${d.digits(4)}`;
  const sum = [1, 3, 7, 9, 1, 3, 7, 9, 1, 3].reduce((all, w, i) => all + w * Number(n[i]), 0);
  return `${n}${(10 - (sum % 10)) % 10}`;
};
const mac = (d: Draw) => Array.from({ length: 6 }, () => pad(d.below(90) + 10)).join(":");
const hex = (d: Draw, n: number) => Array.from({ length: n }, () => "0123456789abcdef"[d.below(16)]).join("");
const plain = (text: string) =>
  text.normalize("NFD").replace(/\p{M}/gu, "").replace(/ß/g, "ss").replace(/ł/g, "l").toLowerCase();

/** A table's columns as samples: distinct values of `rows` rows, drawn as the classification draws them. */
function make(name: string, seed: number, rows: number, made: readonly Made[]): MadeTable {
  const columns = made.map(({ name: column, type = "text", value }, i) => {
    const d = drawer(seed * 1000 + i);
    const all = Array.from({ length: rows }, (_, row) => value(d, row)).filter((v) => v !== "");
    const distinct = [...new Set(all)];
    return {
      name: column,
      type,
      present: all.length,
      distinct: distinct.length,
      values: distinct.slice(0, sampleSize),
    };
  });
  return { name, columns, personal: made.filter(({ personal }) => personal).map(({ name: column }) => column) };
}

const given = {
  de: "Anna Lukas Sabine Jürgen Katharina Matthias Ingrid Uwe Heike Friedrich Renate Thorsten".split(" "),
  fr: "Camille Antoine Chloé François Mathilde Pascal Nathalie Étienne Isabelle Guillaume Sylvie Thierry".split(" "),
  es: "María Javier Carmen Alejandro Pilar Sergio Lucía Ignacio Raquel Fernando Elena Andrés".split(" "),
  pl: "Agnieszka Krzysztof Małgorzata Piotr Katarzyna Tomasz Zofia Wojciech Ewa Grzegorz Maja Paweł".split(" "),
  us: "Jennifer Michael Ashley Brian Megan Tyler Jessica Kevin Nicole Eric Laura Brandon".split(" "),
};
const family = {
  de: "Müller Schneider Weiß Krüger Hofmann Bäcker Vogel Lorenz Zimmermann".split(" "),
  fr: "Dubois Lefèvre Moreau Girard Bonnet Rousseau Fontaine Chevalier".split(" "),
  es: "García López Fernández Ortega Molina Iglesias Herrera Núñez".split(" "),
  pl: "Kowalska Nowak Wiśniewski Zielińska Wójcik Kamiński Lewandowska Mazur".split(" "),
  us: "Johnson Miller Thompson Rivera Bennett Foster Coleman Hughes".split(" "),
};
type Land = keyof typeof given;
const whole = (land: Land) => (d: Draw) => `${d.of(given[land])} ${d.of(family[land])}`;
const mailOf = (land: Land, host: string) => (d: Draw, row: number) =>
  `${plain(d.of(given[land]))}.${plain(d.of(family[land]))}${row}@${host}`;
const amount = (d: Draw) => `${d.below(900)}.${pad(d.below(100))}`;

const german = make("kunden", 1, 400, [
  { name: "kundennummer", value: (_, i) => `K${10_000 + i}` },
  { name: "anrede", value: (d) => d.of(["Herr", "Frau"]) },
  { name: "vorname", personal: true, value: (d) => d.of(given.de) },
  { name: "nachname", personal: true, value: (d) => d.of(family.de) },
  {
    name: "strasse_hausnr",
    personal: true,
    value: (d) =>
      `${d.of(["Hauptstraße", "Lindenweg", "Am Markt", "Goetheplatz", "Bahnhofstr."])} ${d.between(1, 140)}`,
  },
  { name: "plz", personal: true, value: (d) => pad(d.between(1067, 99_998), 5) },
  { name: "wohnort", personal: true, value: (d) => d.of(["Köln", "Leipzig", "Ulm", "Kiel", "Jena"]) },
  { name: "geburtsdatum", personal: true, value: (d) => date(d, "dmy", ".") },
  { name: "telefon", personal: true, value: (d) => `0${d.between(30, 89)} ${d.between(2_000_000, 8_999_999)}` },
  { name: "kontakt", personal: true, value: mailOf("de", "beispiel.de") },
  { name: "bankverbindung", personal: true, value: (d) => iban("DE", d.digits(18)) },
  { name: "kfz_kennzeichen", personal: true, value: (d) => `K-${d.of(["AB", "XY", "MM"])} ${d.between(100, 9999)}` },
  { name: "umsatz_eur", type: "number", value: amount },
  { name: "kundengruppe", value: (d) => d.of(["A", "B", "C"]) },
  { name: "letzte_bestellung", type: "date", value: (d) => date(d, "ymd", "-", 2024, 2026) },
]);
const french = make("adherents", 2, 400, [
  { name: "num_adherent", value: (_, i) => String(70_000 + i), type: "integer" },
  { name: "prénom", personal: true, value: (d) => d.of(given.fr) },
  { name: "nom_de_famille", personal: true, value: (d) => d.of(family.fr) },
  {
    name: "adresse",
    personal: true,
    value: (d) =>
      `${d.between(1, 90)} ${d.of(["rue de la Paix", "avenue Foch", "boulevard Voltaire", "chemin des Vignes"])}`,
  },
  { name: "code_postal", personal: true, value: (d) => pad(d.between(1000, 95_999), 5) },
  { name: "ville", personal: true, value: (d) => d.of(["Lyon", "Nantes", "Lille", "Dijon"]) },
  { name: "date_naissance", personal: true, value: (d) => date(d, "dmy", "/") },
  { name: "numero_secu", personal: true, value: nir },
  {
    name: "portable",
    personal: true,
    value: (d) => `06 ${pad(d.below(100))} ${pad(d.below(100))} ${pad(d.below(100))} ${pad(d.below(100))}`,
  },
  { name: "courriel", personal: true, value: mailOf("fr", "exemple.fr") },
  { name: "cotisation", type: "number", value: amount },
  { name: "formule", value: (d) => d.of(["mensuelle", "annuelle"]) },
]);
const spanish = make("clientes", 3, 400, [
  { name: "id_cliente", value: (_, i) => `C-${i}` },
  { name: "nombre_completo", personal: true, value: whole("es") },
  { name: "dni", personal: true, value: dni },
  {
    name: "direccion",
    personal: true,
    value: (d) => `${d.of(["Calle Mayor", "Avenida del Puerto", "Paseo de Gracia"])} ${d.between(1, 200)}`,
  },
  { name: "localidad", personal: true, value: (d) => d.of(["Sevilla", "Bilbao", "Vigo"]) },
  { name: "fecha_nacimiento", personal: true, value: (d) => date(d, "dmy", "/") },
  { name: "movil", personal: true, value: (d) => `6${d.digits(2)} ${d.digits(3)} ${d.digits(3)}` },
  { name: "correo", personal: true, value: mailOf("es", "ejemplo.es") },
  { name: "cuenta", personal: true, value: (d) => iban("ES", d.digits(20)) },
  { name: "importe", type: "number", value: amount },
  { name: "provincia", value: (d) => d.of(["Sevilla", "Vizcaya", "Pontevedra"]) },
]);
const polish = make("pacjenci", 4, 400, [
  { name: "imię", personal: true, value: (d) => d.of(given.pl) },
  { name: "nazwisko", personal: true, value: (d) => d.of(family.pl) },
  { name: "pesel", personal: true, value: pesel },
  { name: "ulica", personal: true, value: (d) => `ul. ${d.of(["Długa", "Polna", "Kwiatowa"])} ${d.between(1, 80)}` },
  { name: "kod_pocztowy", personal: true, value: (d) => `${d.digits(2)}-${d.digits(3)}` },
  { name: "miasto", personal: true, value: (d) => d.of(["Kraków", "Gdańsk", "Łódź"]) },
  { name: "data_urodzenia", personal: true, type: "date", value: (d) => date(d, "ymd", "-") },
  {
    name: "telefon_kom",
    personal: true,
    value: (d) => `+48 ${d.of(["501", "602", "693"])} ${d.digits(3)} ${d.digits(3)}`,
  },
  { name: "rozpoznanie", value: (d) => d.of(["J06", "I10", "E11", "M54"]) },
  { name: "liczba_wizyt", type: "integer", value: (d) => String(d.below(20)) },
]);
const kanji = {
  family: "佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村".split(" "),
  given: "翔太 美咲 健一 陽子 大輔 結衣".split(" "),
};
const japanese = make("顧客", 5, 400, [
  { name: "顧客番号", value: (_, i) => `J${1000 + i}` },
  { name: "氏名", personal: true, value: (d) => `${d.of(kanji.family)} ${d.of(kanji.given)}` },
  {
    name: "住所",
    personal: true,
    value: (d) =>
      `東京都${d.of(["港区", "新宿区", "渋谷区"])}${d.of(["芝", "本町"])}${d.between(1, 9)}-${d.between(1, 30)}-${d.between(1, 20)}`,
  },
  { name: "郵便番号", personal: true, value: (d) => `${d.digits(3)}-${d.digits(4)}` },
  { name: "電話番号", personal: true, value: (d) => `03-${d.between(3000, 6999)}-${d.digits(4)}` },
  { name: "メールアドレス", personal: true, value: (_, i) => `user${i}@example.jp` },
  { name: "生年月日", personal: true, value: (d) => date(d, "ymd", "/") },
  { name: "性別", value: (d) => d.of(["男", "女"]) },
  { name: "購入金額", type: "integer", value: (d) => String(d.below(90_000)) },
  { name: "会員種別", value: (d) => d.of(["一般", "特別"]) },
]);
const american = make("subscribers", 6, 400, [
  { name: "acct_id", value: (_, i) => String(900_000 + i), type: "integer" },
  { name: "FullName", personal: true, value: whole("us") },
  {
    name: "SSN",
    personal: true,
    value: (d) => `${d.between(100, 665)}-${pad(d.between(1, 99))}-${pad(d.between(1, 9999), 4)}`,
  },
  { name: "DOB", personal: true, value: (d) => date(d, "mdy", "/") },
  {
    name: "HomePhone",
    personal: true,
    value: (d) => `(${d.of(["212", "415", "312"])}) ${d.between(200, 999)}-${d.digits(4)}`,
  },
  { name: "Zip", personal: true, value: (d) => d.digits(5) },
  { name: "CardNo", personal: true, value: card },
  {
    name: "LastLoginIP",
    personal: true,
    value: (d) => `${d.between(11, 220)}.${d.below(256)}.${d.below(256)}.${d.between(1, 254)}`,
  },
  { name: "device_mac", personal: true, value: mac },
  { name: "home_lat", personal: true, type: "number", value: (d) => `${d.between(25, 48)}.${d.digits(5)}` },
  { name: "home_lng", personal: true, type: "number", value: (d) => `-${d.between(70, 120)}.${d.digits(5)}` },
  { name: "api_token", personal: true, value: (d) => `sk_live_${hex(d, 24)}` },
  { name: "passport_no", personal: true, value: (d) => d.digits(9) },
  {
    name: "support_notes",
    personal: true,
    value: (d, i) =>
      i % 6 === 0
        ? `customer asked to call back at (212) 555-${d.digits(4)} after work`
        : `router was reset and line ${i} works again`,
  },
  { name: "plan", value: (d) => d.of(["basic", "plus"]) },
  { name: "tenure_months", type: "integer", value: (d) => String(d.below(72)) },
  { name: "state", value: (d) => d.of(["NY", "CA", "IL"]) },
]);

/** What looks like personal data and isn't: codes, measures, names of things. */
const lookalikes = make("shop_articles", 7, 600, [
  { name: "order_no", type: "integer", value: (_, i) => String(4_000_000_000_000_000 + i * 7) },
  { name: "article_code", value: (d) => `${d.digits(3)}-${d.digits(3)}-${d.digits(4)}` },
  { name: "ean", type: "integer", value: (d) => `40${d.digits(11)}` },
  { name: "unit_price", type: "number", value: amount },
  { name: "price_text", value: (d) => `${d.between(1, 9)},${d.digits(3)}.${pad(d.below(100))}` },
  { name: "created_epoch", type: "integer", value: (d) => String(1_700_000_000 + d.below(30_000_000)) },
  { name: "created_at", type: "timestamp", value: (d) => `${date(d, "ymd", "-", 2020, 2026)} 10:00:00` },
  { name: "content_hash", value: (d) => hex(d, 64) },
  { name: "row_uuid", value: (d) => `${hex(d, 8)}-${hex(d, 4)}-4${hex(d, 3)}-a${hex(d, 3)}-${hex(d, 12)}` },
  { name: "bin_location", value: (d) => `${pad(d.below(100))}-${pad(d.below(100))}-${pad(d.below(100))}` },
  { name: "zone", type: "integer", value: (d) => String(10_000 + d.below(80_000)) },
  { name: "origin_city", value: (d) => d.of(["Paris", "Florence", "Sydney", "Austin", "Victoria"]) },
  { name: "origin_country", value: (d) => d.of(["France", "Italy", "Georgia", "Jordan", "Chad"]) },
  {
    name: "product_name",
    value: (d) =>
      `${d.of(["Maria", "Victoria", "Jack", "Billy", "Oscar"])} ${d.of(["Shelf", "Chair", "Lamp", "Desk", "Sofa"])}`,
  },
  { name: "description", value: (d, i) => `sturdy shelf number ${i} made of oak in ${d.of(["two", "three"])} parts` },
  { name: "sw_version", value: (d) => `${d.below(9)}.${d.below(20)}.${d.below(40)}` },
  { name: "dimensions", value: (d) => `${d.between(10, 99)}x${d.between(10, 99)}x${d.between(10, 99)}` },
  { name: "weight_kg", type: "number", value: amount },
  { name: "warehouse_street", value: (d) => d.of(["Aisle 3", "Aisle 12", "Dock 7"]) },
  { name: "phone_model", value: (d) => `${d.of(["Galaxy", "Pixel"])} ${d.between(5, 22)}` },
  { name: "email_count", type: "integer", value: (d) => String(d.below(30)) },
  { name: "isbn", value: (d) => `978-3-16-${d.digits(6)}-${d.below(10)}` },
]);
const machines = make("sensor_readings", 8, 600, [
  { name: "reading_id", type: "integer", value: (_, i) => String(i) },
  { name: "ts", type: "timestamp", value: (d) => `${date(d, "ymd", "-", 2025, 2026)} 00:00:00` },
  { name: "installed_on", type: "date", value: (d) => date(d, "ymd", "-", 1985, 2025) },
  { name: "lat", type: "number", value: (d) => `${d.between(40, 50)}.${d.digits(4)}` },
  { name: "lon", type: "number", value: (d) => `${d.between(1, 20)}.${d.digits(4)}` },
  { name: "serial", value: (d) => `${d.digits(4)}-${d.digits(5)}` },
  { name: "pressure", type: "number", value: amount },
  { name: "error_code", value: (d) => `E-${d.digits(3)}` },
  { name: "firmware", value: (d) => `v${d.below(4)}.${d.below(10)}` },
  { name: "site", value: (d) => d.of(["Charlotte", "Madison", "Austin", "Carmel"]) },
]);

/** Tables of people in the formats and words of six countries, each column's truth known because it was made so. */
export const peopleTables: readonly MadeTable[] = [german, french, spanish, polish, japanese, american];
/** Tables without a person in them. */
export const thingTables: readonly MadeTable[] = [lookalikes, machines];
