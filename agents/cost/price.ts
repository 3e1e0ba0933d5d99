import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Prices } from "@muster/shared/domain/estimate.ts";
import { fault } from "@muster/shared/fault.ts";

/** The prices an installation begins with: about what a rented core and gigabyte cost; a warehouse of one's own scans for nothing. Users edit the file. */
export const defaultPrices: Prices = { coreHourUsd: 0.04, gbHourUsd: 0.005, storageGbMonthUsd: 0.025, scannedTbUsd: 0 };

/** What a use costs in USD: CPU-seconds by the core-hour, memory (MB) held for seconds by the GB-hour (1 GB = 1024 MB). */
export function usd(
  prices: Pick<Prices, "coreHourUsd" | "gbHourUsd">,
  use: { cpuSeconds: number; memoryMb: number; seconds: number },
): number {
  const gbHours = ((use.memoryMb / 1024) * use.seconds) / 3600;
  return (use.cpuSeconds / 3600) * prices.coreHourUsd + gbHours * prices.gbHourUsd;
}

const missing = (error: unknown, code: string): boolean => (error as NodeJS.ErrnoException).code === code;

/** Writes the defaults whole or not at all, and never over a file that somebody else put there meanwhile. */
async function createDefaults(path: string): Promise<void> {
  const draft = `${path}.${process.pid}`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(draft, `${JSON.stringify(defaultPrices, null, 2)}\n`);
  try {
    await link(draft, path);
  } catch (error) {
    if (!missing(error, "EEXIST")) throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Reads the price table (`prices.json`), which users edit, and creates it with the defaults where there is none.
 * `invalid_input` naming the field where it is not a table of prices.
 */
export async function loadPrices(path: string): Promise<Prices> {
  const text = await readFile(path, "utf8").catch(async (error: unknown) => {
    if (!missing(error, "ENOENT")) throw error;
    await createDefaults(path);
    return readFile(path, "utf8");
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw fault("invalid_input", "prices.json is not JSON; mend it, or remove it to get the defaults", {}, error);
  }
  const parsed = Prices.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue?.path.join(".") || "the table";
  throw fault("invalid_input", `prices.json: ${at}: ${issue?.message}; mend it, or remove it to get the defaults`);
}
