import { z } from "zod";
import { fault } from "./fault.ts";
import { smallestText } from "./smallest-text.ts";

/** What is read of a JSON schema. */
type Schema = {
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  $ref?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  prefixItems?: Schema[];
  minItems?: number;
  minLength?: number;
  pattern?: string;
  format?: string;
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  exclusiveMaximum?: number;
};

/** Options: `text` gives the text to use for a schema of one (undefined: the shortest); `members` of a list without a least length. */
export type SmallestOptions = {
  text?: (schema: { pattern?: string; [key: string]: unknown }) => string | undefined;
  members?: number;
};

/**
 * The smallest value that a schema takes as input: required keys only, the first of a choice, the shortest text, the least
 * number. Held to the schema before it's given: throws `invalid_input` naming the path where a rule beyond the JSON schema
 * (a refinement) refuses it.
 */
export function smallestValue(type: z.ZodType, options: SmallestOptions = {}): unknown {
  const root = z.toJSONSchema(type, { io: "input", unrepresentable: "any" }) as Schema & { $defs?: object };
  const value = make(root, { ...options, definitions: (root.$defs ?? {}) as Record<string, Schema> });
  const parsed = type.safeParse(value);
  if (!parsed.success)
    throw fault(
      "invalid_input",
      `no small value fits: ${parsed.error.issues.map((i) => `${i.path.join(".")} ${i.message}`).join("; ")}`,
    );
  return value;
}

type Making = SmallestOptions & { definitions: Record<string, Schema> };

function make(schema: Schema, making: Making): unknown {
  if (schema.$ref) return make(making.definitions[schema.$ref.split("/").at(-1)!]!, making);
  if ("const" in schema) return schema.const;
  if (schema.enum) return schema.enum[0];
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return make(choices.find((one) => one.type === "null") ?? choices[0]!, making);
  if (schema.allOf) return make(Object.assign({}, schema, { allOf: undefined }, ...schema.allOf) as Schema, making);
  // Of several plain types the null, else the first.
  const types = [schema.type].flat();
  switch (types.find((one) => one === "null") ?? types[0]) {
    case "object":
      return Object.fromEntries(
        (schema.required ?? []).map((key) => [key, make(schema.properties?.[key] ?? {}, making)]),
      );
    case "array":
      return schema.prefixItems
        ? schema.prefixItems.map((item) => make(item, making))
        : Array.from({ length: Math.max(schema.minItems ?? 0, making.members ?? 0) }, () =>
            make(schema.items ?? {}, making),
          );
    case "string":
      return making.text?.(schema) ?? text(schema);
    case "integer":
    case "number":
      return number(schema);
    case "boolean":
      return false;
    default:
      return null;
  }
}

function text({ format, pattern, minLength = 1 }: Schema): string {
  if (format === "date-time") return "2026-01-01T00:00:00.000Z";
  if (format === "date") return "2026-01-01";
  if (pattern) return smallestText(pattern);
  return "a".repeat(Math.max(1, minLength));
}

function number({ type, minimum, exclusiveMinimum, maximum, exclusiveMaximum }: Schema): number {
  const step = type === "integer" ? 1 : 1e-3;
  const least = exclusiveMinimum === undefined ? minimum : Math.max(minimum ?? -Infinity, exclusiveMinimum + step);
  const most = exclusiveMaximum === undefined ? maximum : Math.min(maximum ?? Infinity, exclusiveMaximum - step);
  return Math.min(Math.max(0, least ?? 0), most ?? Infinity);
}
