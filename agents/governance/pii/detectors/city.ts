import type { Detector } from "../detector.ts";

/**
 * Places below the level of a state (HIPAA's Safe Harbor list, B). A place alone is a category;
 * beside what identifies a person it narrows the person down.
 */
export const city: Detector = {
  kind: "city",
  identifier: "quasi",
  says: "places of persons",
  names: [
    ..."city|town|village|municipality|suburb|birth place|place of birth|stadt|wohnort|=ort|gemeinde|geburtsort".split(
      "|",
    ),
    ..."ville|commune|lieu de naissance|ciudad|municipio|localidad|cidade|citta|comune|woonplaats|miasto".split("|"),
  ],
  not: ["council", "population", "size", "tier"],
  fits: ({ type }) => type === "text",
  value: null,
  types: [],
  share: 1,
  atMostDistinct: null,
  notValues: [],
  besidePerson: true,
};
