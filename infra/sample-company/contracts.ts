import { dateText, TO } from "./calendar.ts";
import { type Random, weighted } from "./draw.ts";
import { type Contract, customerId } from "./simulate.ts";
import type { SnapshotTable } from "./table.ts";
import { SHIFT } from "./truth.ts";

const LEAVING = { T10: 0.35, T20: 0.3, T30: 0.2, T90: 0.15 } as const;

/** The code the back office files after the end, whatever the end was. */
const terminationCode = (contract: Contract, random: Random): string => {
  const code = weighted(random, LEAVING);
  return contract.ending?.why === "plan_change" ? "T01" : code;
};

/** Contracts: one row each; `end_date` and the leaking `termination_code` stay empty while the contract is open. */
export const contracts: SnapshotTable = {
  name: "contracts",
  columns: [
    "contract_id",
    "customer_id",
    "plan",
    "monthly_fee",
    "billing_cycle",
    "start_date",
    "end_date",
    "auto_renew",
    "termination_code",
  ],
  time: "start_date",
  rows(life, random, asOf, month) {
    return life.contracts.flatMap((contract, i) => {
      const code = terminationCode(contract, random);
      if (contract.start > asOf) return [];
      const raised = month === "shift" && contract.start > TO ? SHIFT.fee : 1;
      const fee = (contract.fee * raised).toFixed(2);
      const ended = contract.ending !== null && contract.ending.day <= asOf;
      const end = ended ? `${dateText(contract.ending!.day)},${contract.autoRenew},${code}` : `,${contract.autoRenew},`;
      const id = `K${String(life.number * 10 + i).padStart(7, "0")}`;
      const terms = `${contract.plan},${fee},${contract.billing},${dateText(contract.start)}`;
      return [`${id},${customerId(life)},${terms},${end}`];
    });
  },
};
