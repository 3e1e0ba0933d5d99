import { z } from "zod";

/** A file of an exported run: kept as an artifact under its hash, or for a while in the export's own folder. */
export const ExportedFile = z.object({
  path: z.string().regex(/^[a-z_]+\.[a-z]+$/),
  media: z.string(),
  sha256: z.string(),
  bytes: z.number().int(),
  kept: z.enum(["artifact", "file"]),
});
export type ExportedFile = z.infer<typeof ExportedFile>;

/** What was packed of a run, and from which training matrix. */
export const ExportedRun = z.object({ run: z.string(), training: z.string(), files: z.array(ExportedFile) });
export type ExportedRun = z.infer<typeof ExportedRun>;
