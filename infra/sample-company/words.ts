/** Word lists from which persons, places and sentences are made up; combined at random they name nobody. */
export const FIRST_NAMES = [
  "Ada",
  "Aron",
  "Bela",
  "Bruno",
  "Carla",
  "Cyril",
  "Dana",
  "Dario",
  "Edda",
  "Emil",
  "Fenja",
  "Finn",
  "Greta",
  "Gustav",
  "Hanna",
  "Hugo",
  "Ines",
  "Ivo",
  "Jana",
  "Jonas",
  "Kira",
  "Konrad",
  "Lena",
  "Luis",
  "Maren",
  "Milo",
  "Nadia",
  "Nils",
  "Olga",
  "Otto",
  "Paula",
  "Pavel",
  "Ronja",
  "Rufus",
  "Selma",
  "Simon",
  "Tara",
  "Theo",
  "Una",
  "Viktor",
  "Wanda",
  "Yann",
] as const;

/** Family names put together from two halves. */
export const NAME_STARTS = [
  "Alder",
  "Birk",
  "Crow",
  "Dorn",
  "Elms",
  "Fern",
  "Gale",
  "Hart",
  "Ivers",
  "Kest",
  "Lind",
  "Moor",
  "Nor",
  "Oak",
  "Pell",
  "Quill",
  "Rook",
  "Stell",
  "Thorn",
  "Wex",
] as const;
export const NAME_ENDS = [
  "berg",
  "by",
  "dahl",
  "field",
  "gard",
  "holm",
  "ley",
  "man",
  "ner",
  "ridge",
  "sen",
  "stad",
  "ton",
  "wick",
  "worth",
] as const;

/** Streets that no map knows. */
export const STREETS = [
  "Lantern Lane",
  "Copper Row",
  "Orchard Rise",
  "Mill Hollow",
  "Harbour Steps",
  "Juniper Walk",
  "Chapel Bend",
  "Saddle Street",
  "Willow Quay",
  "Kiln Road",
  "Foxglove Way",
  "Quarry View",
] as const;

/** A made-up city: its country and the two digits its postal codes begin with (so a postal code has one city). */
export type City = { name: string; country: "DE" | "GB" | "US"; postal: string };
export const CITIES: readonly City[] = [
  "Aldermoor",
  "Brackwater",
  "Castelin",
  "Dunmarrow",
  "Eastfern",
  "Fallowgate",
  "Grenholm",
  "Hollowbridge",
  "Iverstad",
  "Kestrelby",
  "Lowenfurt",
  "Marlingen",
  "Northquill",
  "Oxendale",
  "Pellworth",
  "Rookhaven",
  "Silberau",
  "Thornmouth",
  "Underlin",
  "Wexbridge",
].map((name, i) => ({ name, country: (["DE", "GB", "US"] as const)[i % 3]!, postal: String(11 + i * 4) }));

/** Number ranges that the regulators keep free for fiction (Bundesnetzagentur, Ofcom, NANPA); `#` is a digit. */
const PHONES: Record<City["country"], readonly string[]> = {
  DE: ["+49 30 23125 ###", "+49 69 90009 ###", "+49 40 66969 ###", "+49 221 4710 ###", "+49 89 99998 ###"],
  GB: ["+44 7700 900###", "+44 20 7946 0###", "+44 113 496 0###", "+44 161 496 0###"],
  US: ["+1 202-555-01##", "+1 303-555-01##", "+1 415-555-01##", "+1 512-555-01##", "+1 617-555-01##"],
};
export const MAIL_DOMAINS = ["example.com", "example.org"] as const;

/** What a ticket of each category is about. */
export const SUBJECTS = {
  billing: [
    "Charged twice this month",
    "Invoice does not match my plan",
    "Refund still missing",
    "Question about the last invoice",
  ],
  technical: [
    "App closes when I open reports",
    "Export keeps failing",
    "Cannot connect my bank",
    "Sync is slow since the update",
  ],
  account: ["Cannot sign in", "Change of address", "Add a second user", "Reset of two-step sign-in"],
  cards: ["Card was declined", "New card has not arrived", "Payment I don't recognise", "Raise my card limit"],
} as const;

/** What people buy with small sums and with ordinary ones. */
export const SMALL_PURCHASES = { coffee: 0.3, parking: 0.2, transit: 0.25, apps: 0.25 } as const;
export const ORDINARY_PURCHASES = {
  groceries: 0.4,
  restaurants: 0.2,
  clothing: 0.12,
  electronics: 0.08,
  fuel: 0.12,
  travel: 0.08,
} as const;

/** A phone number of a country's fictional ranges. */
export const phone = (random: () => number, country: City["country"]): string =>
  PHONES[country][Math.floor(random() * PHONES[country].length)]!.replaceAll("#", () =>
    String(Math.floor(random() * 10)),
  );
