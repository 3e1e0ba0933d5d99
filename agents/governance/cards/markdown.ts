import type { CardItem, ModelCard } from "./card.ts";

/** Characters that would end a cell or begin a link, an image or a tag. */
const plain = (text: string): string =>
  text.replace(/[\\`*_[\]<>|!]/g, (character) => `\\${character}`).replace(/[\r\n]+/g, " ");

const shown = ({ value }: CardItem): string =>
  value === null ? "none" : typeof value === "string" ? plain(value) : String(value);

/** A card as Markdown: a table for each section, each line with its source as a numbered note below. */
export function cardMarkdown(card: ModelCard): string {
  const notes: string[] = [];
  const note = ({ source: { kind, id, pointer } }: CardItem): number => {
    const text = `${kind} \`${id}\`${pointer === "" ? "" : ` \`${pointer}\``}`;
    const at = notes.indexOf(text);
    return at >= 0 ? at + 1 : notes.push(text);
  };
  const sections = card.sections.map(({ title, items }) => {
    const rows = items.map((item) => `| ${plain(item.label)} | ${shown(item)} | [${note(item)}] |`);
    return `## ${title}\n\n| | | source |\n| --- | --- | --- |\n${rows.join("\n")}\n`;
  });
  const facts = card.receipts.map(({ receipt, fact, by, at }) => `- \`${receipt}\`: ${fact}, by ${by}, ${at}`);
  return `# Model card: ${plain(card.model)} version ${card.version}

Model \`${card.hash}\`. Every line is read from the record; the number in brackets says where it stands.

${sections.join("\n")}
## Sources

${notes.map((text, i) => `${i + 1}. ${text}`).join("\n")}

## Receipts

${facts.join("\n")}
`;
}
