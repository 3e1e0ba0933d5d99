import { likeness } from "./synonyms.ts";
import type { CatalogView, DeploymentView } from "./view.ts";
import { isStopWord, stemsOf, wordsOf } from "./words.ts";

/** The deployments that a text speaks of, those with most of their name said first in line alone; all where it names none and `fallback`. */
export function deploymentsIn(text: string, catalog: CatalogView, fallback: boolean): DeploymentView[] {
  const words = wordsOf(text).filter((word) => !isStopWord(word));
  const literal = catalog.deployments.filter((one) =>
    new RegExp(`(?<![\\p{L}\\p{N}_])${one.name}(?![\\p{L}\\p{N}_])`, "iu").test(text),
  );
  if (literal.length > 0) {
    const longest = Math.max(...literal.map((one) => one.name.length));
    return literal.filter((one) => one.name.length === longest);
  }
  const share = (one: DeploymentView) => {
    const parts = [...new Set([...stemsOf(one.name), ...stemsOf(one.target)])];
    const hits = parts.filter((part) => words.some((word) => likeness(part, word.stem) > 0));
    return hits.length / Math.max(1, parts.length);
  };
  const top = Math.max(0, ...catalog.deployments.map(share));
  if (top >= 0.5) return catalog.deployments.filter((one) => share(one) === top);
  const names = new Set(catalog.datasets.flatMap((dataset) => stemsOf(dataset.name)));
  const unknown = words.filter((word) => !names.has(word.stem));
  return fallback && unknown.length === 0 ? [...catalog.deployments] : [];
}

/** The deployments whose label's table the text speaks of. */
export function deploymentsOn(text: string, catalog: CatalogView): DeploymentView[] {
  const stems = new Set(stemsOf(text));
  return catalog.deployments.filter((one) => {
    const name = stemsOf(one.dataset);
    return name.length > 0 && name.every((part) => stems.has(part));
  });
}
