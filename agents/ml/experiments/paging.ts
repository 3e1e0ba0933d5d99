import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";

/** How a list is asked for in pages, as MLflow does: so many, and the token that the page before gave. */
export const pageInput = (most: number) => ({
  max_results: z.number().int().positive().max(most).optional(),
  page_token: z.string().min(1).max(100).optional(),
});

/** Where a page goes on, as a token that says nothing to others. */
export const pageToken = (place: string | number): string => Buffer.from(`p:${place}`).toString("base64url");

/** What a token says; `invalid_input` for one that no page gave. */
export function placeOf(token: string): string {
  const text = Buffer.from(token, "base64url").toString("utf8");
  if (!text.startsWith("p:")) throw fault("invalid_input", "page_token: no page gave this; begin without it");
  return text.slice(2);
}

/** The same as a number. */
export function numberOf(token: string): number {
  const place = Number(placeOf(token));
  if (Number.isSafeInteger(place) && place >= 0) return place;
  throw fault("invalid_input", "page_token: no page of this list gave this; begin without it");
}
