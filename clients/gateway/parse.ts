import { fault } from "@muster/shared/fault.ts";
import type { z } from "zod";

/** A body that keeps its schema; `invalid_input` naming the path otherwise. */
export function parse<S extends z.ZodType>(schema: S, body: unknown): z.infer<S> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message }));
  throw fault("invalid_input", `${issues[0]!.path || "body"}: ${issues[0]!.message}`, { issues });
}
