import { type Fault, fault } from "@muster/shared/fault.ts";
import { type CatalogView, sources } from "./view.ts";

/** The datasets there are, at most five by name, as the end of a message. */
function thereAre(catalog: CatalogView): string {
  const names = sources(catalog).map((dataset) => dataset.name);
  if (names.length === 0) return "the catalog is empty; load a file with: npx muster load FILE";
  const shown = names.slice(0, 5).join(", ");
  return `there ${names.length === 1 ? "is" : "are"} ${shown}${names.length > 5 ? " and others" : ""}`;
}

const data = (catalog: CatalogView) => ({
  datasets: sources(catalog)
    .slice(0, 5)
    .map((dataset) => dataset.name),
});

/** `not_found`: the request is clear, but nothing in the catalog is about it. */
export const nothingFits = (catalog: CatalogView): Fault =>
  fault(
    "not_found",
    `nothing in the catalog is about that; ${thereAre(catalog)}. Name a dataset or a column of one, or load the data with: npx muster load FILE`,
    data(catalog),
  );

/** `invalid_input`: no word says what to do or with what. */
export const notUnderstood = (catalog: CatalogView): Fault =>
  fault(
    "invalid_input",
    `the request couldn't be understood; say what to do and with what, such as "predict COLUMN in DATASET" or "check DATASET"; ${thereAre(catalog)}`,
    data(catalog),
  );

/** `invalid_input`: the answer to a question is none of its candidates. */
export const noCandidate = (candidates: readonly string[]): Fault =>
  fault(
    "invalid_input",
    `that is none of what was asked about; ask again and name one of: ${candidates.slice(0, 8).join("; ")}`,
    {
      candidates: [...candidates],
    },
  );

/** `conflict`: a question with dates of its own was answered from tables that have changed since. */
export const changedSince = (deployment: string, [first = "its data", ...more]: readonly string[]): Fault =>
  fault(
    "conflict",
    `${[first, ...more].slice(0, 3).join(", ")} changed since ${deployment} was made, whose question has dates of its own: ask that question anew, in its own words, to learn from the newest data`,
    { deployment, changed: [first, ...more] },
  );

/** `not_found`: nothing is deployed that the request could be about. */
export const notDeployed = (catalog: CatalogView): Fault => {
  const names = catalog.deployments.map((one) => one.name);
  return fault(
    "not_found",
    names.length === 0
      ? "nothing is deployed yet; ask for a prediction first"
      : `no deployment is called that; deployed ${names.length === 1 ? "is" : "are"} ${names.slice(0, 5).join(", ")}`,
    { deployments: names.slice(0, 5) },
  );
};
