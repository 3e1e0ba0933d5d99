import type { Detector } from "../detector.ts";

const owners =
  "customer|client|user|member|account|acct|person|patient|employee|subscriber|policyholder|cardholder|guest|student|applicant|contact|cust|household|party|borrower|payer|kunden|kunde|mitarbeiter|cliente|utilisateur|usuario|abonne".split(
    "|",
  );
const ids = ["id", "key", "no", "nr", "number", "num", "code", "uuid", "guid", "ref", "nummer", "ident"];

/** Ids of persons and accounts by name; columns that name their row are found in `unique-key.ts`. */
export const key: Detector = {
  kind: "key",
  identifier: null,
  says: "ids of persons or accounts",
  names: owners.flatMap((owner) => ids.map((id) => `${owner} ${id}`)),
  not: ["zip", "postal", "dependents", "children"],
  fits: () => true,
  value: null,
  types: [],
  share: 1,
  atMostDistinct: null,
  notValues: [],
  besidePerson: false,
};
