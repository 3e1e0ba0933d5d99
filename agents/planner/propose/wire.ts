import { Feature } from "@muster/shared/domain/feature.ts";
import { z } from "zod";

type Json = Record<string, unknown>;

/**
 * A JSON schema as servers take it strictly: every field of an object is required and nothing else may stand in it, so that what
 * may be left out may be null instead; alternatives are `anyOf`.
 */
export function strictSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strictSchema);
  if (typeof schema !== "object" || schema === null) return schema;
  const { oneOf, default: _, $schema: __, ...rest } = schema as Json;
  const made = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, strictSchema(value)]));
  if (oneOf !== undefined) made.anyOf = strictSchema(oneOf);
  if (typeof rest.properties !== "object" || rest.properties === null) return made;
  const required = new Set(Array.isArray(rest.required) ? rest.required : []);
  const properties = Object.entries(made.properties as Json).map(([key, value]): [string, unknown] => [
    key,
    required.has(key) ? value : { anyOf: [value, { type: "null" }] },
  ]);
  return {
    ...made,
    properties: Object.fromEntries(properties),
    required: properties.map(([key]) => key),
    additionalProperties: false,
  };
}

/** How proposals are asked for: typed features, each with the number of the slice that it answers (null: none). */
export const proposalsWire = strictSchema({
  type: "object",
  properties: {
    proposals: {
      type: "array",
      items: {
        type: "object",
        properties: {
          slice: { anyOf: [{ type: "integer" }, { type: "null" }] },
          feature: z.toJSONSchema(Feature, { io: "input" }),
        },
        required: ["slice", "feature"],
      },
    },
  },
  required: ["proposals"],
}) as Json;

/** How an answer is taken in: loosely, so that one proposal that can't be read costs none of the others. */
export const Proposals = z.object({
  proposals: z.array(z.object({ slice: z.number().nullable().catch(null), feature: z.unknown() })).max(200),
});
