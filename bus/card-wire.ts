import { gunzipSync, gzipSync } from "node:zlib";
import { cardOf, type Tool, type ToolCard } from "./tool.ts";

/**
 * A tool's card as the metadata of its endpoint: `does` and `card` (all but the schemas) can be read as they stand; the
 * schemas of what goes in and out are packed (JSON, gzip, base64), since an agent answers for all its tools in one message.
 */
export function metadataOf(agent: string, tool: Tool): { does: string; card: string; schemas: string } {
  const { does, input, output, ...card } = cardOf(agent, tool);
  return { does, card: JSON.stringify(card), schemas: gzipSync(JSON.stringify({ input, output })).toString("base64") };
}

/** The card in an endpoint's metadata; null where it has none. */
export function cardIn(metadata: Record<string, string> | undefined): ToolCard | null {
  if (!metadata?.card || !metadata.schemas) return null;
  const schemas = gunzipSync(Buffer.from(metadata.schemas, "base64")).toString();
  return { ...JSON.parse(metadata.card), ...JSON.parse(schemas), does: metadata.does ?? "" } as ToolCard;
}
