import { normal } from "@muster/shared/random.ts";
import { dateText, dayOf, FROM, momentText, NEXT_TO, SECONDS_A_DAY, SNAPSHOT } from "./calendar.ts";
import { between, poisson, type Random } from "./draw.ts";
import { contractOn, customerId, discontentOn, type Life, progressOf } from "./simulate.ts";
import type { GrowingTable } from "./table.ts";
import { SHIFT } from "./truth.ts";

/** The first Sunday of the recording (day 3 was one). */
const FIRST_SUNDAY = FROM + ((3 - (FROM % 7) + 7) % 7);
/** From this week on the next month is what `nextMonth` says. */
const SHIFTED_FROM = dayOf("2026-06-28");

/** Share of the usual use that is left in the week: a discontent wears it down to a tenth, a holiday to almost none. */
function useLeft(life: Life, week: number, holiday: boolean): number {
  const discontent = discontentOn(life, week + 3);
  const worn = discontent?.usage ? 0.9 * progressOf(discontent, week + 3) ** 0.8 : 0;
  return (1 - worn) * (holiday ? 0.1 : 1);
}

/**
 * A week's row arrives on the Sunday or Monday after it; one in eighty comes two to five weeks late.
 * No cutoff here falls on those days, so the same number of weeks is known at each: sums over 4 weeks can be compared.
 */
function arrival(week: number, random: Random): number {
  const late = random() < 1 / 80 ? between(random, 14, 35) : 0;
  return (week + 7 + between(random, 0, 1) + late) * SECONDS_A_DAY + between(random, 2 * 3600, 23 * 3600);
}

/** Weekly use of the product, one row for each week that begins under a contract. */
export const usageWeekly: GrowingTable = {
  name: "usage_weekly",
  columns: ["customer_id", "week_start", "logins", "minutes_active", "features_used", "api_errors", "loaded_at"],
  time: "week_start",
  arrived: "loaded_at",
  rows(life, random, month, emit, planted) {
    const id = customerId(life);
    let holidayLeft = 0;
    for (let week = FIRST_SUNDAY; week <= NEXT_TO; week += 7) {
      if (contractOn(life, week) === null) continue;
      if (holidayLeft > 0) holidayLeft--;
      else if (random() < 0.018) holidayLeft = between(random, 1, 2);
      const shifted = month === "shift" && week >= SHIFTED_FROM ? SHIFT.usage : 1;
      const mean = life.logins * useLeft(life, week, holidayLeft > 0) * shifted;
      const logins = Math.max(0, Math.round(mean * Math.exp(0.35 * normal(random) - 0.06)));
      const minutes = Math.round(logins * 13 * Math.exp(0.3 * normal(random)));
      const features = logins === 0 ? 0 : Math.min(14, 1 + Math.round(Math.sqrt(logins) * (0.8 + 0.8 * random())));
      const errors = random() < 0.01 ? "" : String(poisson(random, 0.05 * logins));
      const arrived = arrival(week, random);
      const dirt = random();
      if (dirt < 0.004) continue;
      const isNext = arrived > SNAPSHOT;
      if (isNext && month === "broken_load") {
        // Half the rows lost, one column empty, another in seconds instead of minutes: one failed load, three marks.
        if (dirt < 0.5) continue;
        emit(`${id},${dateText(week)},${logins},${minutes * 60},,${errors},${momentText(arrived)}`, arrived);
        continue;
      }
      const negative = dirt > 0.9998 && minutes > 0;
      if (negative && !isNext) planted.negativeMinutes.push({ customer_id: id, week_start: dateText(week) });
      const shown = negative ? -minutes : minutes;
      emit(`${id},${dateText(week)},${logins},${shown},${features},${errors},${momentText(arrived)}`, arrived);
    }
  },
};
