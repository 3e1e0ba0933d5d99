import { versionWords } from "./model-version.ts";
import { likeness } from "./synonyms.ts";
import type { CatalogView, DeploymentView } from "./view.ts";
import { isStopWord, stemsOf, wordsOf } from "./words.ts";

/**
 * The deployments that a text speaks of: those whose name it spells, else those with most of their name or target said, else those
 * whose table, columns and kind of question account for every word. All where it names none and `fallback`.
 */
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
  const about = accountedFor(text, catalog);
  if (about.length > 0) return about;
  const names = new Set(catalog.datasets.flatMap((dataset) => stemsOf(dataset.name)));
  const unknown = words.filter((word) => !names.has(word.stem));
  return fallback && unknown.length === 0 ? [...catalog.deployments] : [];
}

/** Words by which kinds of questions are spoken of, whatever their columns. */
const kindWords: Partial<Record<string, string>> = {
  forecast: "demand series outlook",
  value: "amount spend revenue",
  until: "time days",
};

/** Words that ask, how much or where it is wrong, and name no model. */
const askingWords =
  /\b(?:find|much|many|long|errors?|errs|mistakes?|makes?|off|fails?|worst|weak(?:est)?|struggles?)\b/gi;

/** The deployments that account for every word, those with most of them in their own table's name first. */
function accountedFor(text: string, catalog: CatalogView): DeploymentView[] {
  const plain = text.replace(versionWords, " ").replace(askingWords, " ");
  const words = wordsOf(plain).filter((word) => !isStopWord(word));
  if (words.length === 0) return [];
  const says = (names: readonly string[]) => {
    const parts = names.flatMap((name) => stemsOf(name)).filter((part) => part.length > 2);
    return words.filter((word) => parts.some((part) => likeness(part, word.stem) > 0)).length;
  };
  const found = catalog.deployments.flatMap((one) => {
    const { kind = "", columns = [] } = one.problem ?? {};
    const all = [one.name, one.target, one.dataset, ...columns, kindWords[kind] ?? ""];
    const named = says([one.name, one.target, one.dataset]);
    const spoken = named > 0 || says([kindWords[kind] ?? ""]) > 0;
    return spoken && says(all) === words.length ? [{ one, named }] : [];
  });
  const most = Math.max(0, ...found.map(({ named }) => named));
  return found.filter(({ named }) => named === most).map(({ one }) => one);
}

/** The deployments whose label's table the text speaks of. */
export function deploymentsOn(text: string, catalog: CatalogView): DeploymentView[] {
  const stems = new Set(stemsOf(text));
  return catalog.deployments.filter((one) => {
    const name = stemsOf(one.dataset);
    return name.length > 0 && name.every((part) => stems.has(part));
  });
}
