import type { Column } from "@muster/shared/domain/dataset.ts";
import type { Feature } from "@muster/shared/domain/feature.ts";

const MOST = 120;
const KEY_NAME = /(^|[_\s-])(id|key|no|nr|code|uuid|guid)$|(?<=[a-z])(Id|ID|Key|No|Nr|Code)$/i;

/** Whether a column is called like one that names something: a number of it is no amount. */
export const keyNamed = ({ name, type }: Column): boolean =>
  (type === "integer" || type === "text") && KEY_NAME.test(name);

/** A feature's name from words and column names; a single column keeps its name where that is allowed. */
export function featureName(...parts: string[]): string {
  const text = parts.join("_");
  const allowed = /^[A-Za-z][A-Za-z0-9_ .:-]*$/.test(text)
    ? text
    : text.normalize("NFKD").replace(/[^A-Za-z0-9_.:-]+/g, "_");
  return (/^[A-Za-z]/.test(allowed) ? allowed : `f_${allowed.replace(/^_+/, "")}`).slice(0, MOST);
}

/** The features with names that differ also without their case: a repeated one gets a number. */
export function uniquelyNamed(features: readonly Feature[]): Feature[] {
  const taken = new Set<string>();
  return features.map((feature) => {
    let name = feature.name;
    for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${feature.name}_${n}`;
    taken.add(name.toLowerCase());
    return { ...feature, name };
  });
}
