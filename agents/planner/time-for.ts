import type { Ask } from "@muster/shared/domain/request.ts";

/** The milliseconds that a request may take: what it asked for, never more than the setting. */
export const timeFor = ({ withinMinutes }: Pick<Ask, "withinMinutes">, settingMs: number): number =>
  withinMinutes === undefined ? settingMs : Math.min(settingMs, withinMinutes * 60_000);
