import { expect, it } from "vitest";
import { readable } from "./process-log.ts";

const now = new Date("2026-11-20T12:00:01Z");
const line = (fields: object) =>
  JSON.stringify({ level: "info", time: "2026-11-20T11:59:59.123Z", process: "ml", ...fields });

it("shows what a process logs as one readable line", () => {
  expect(readable("ml-worker", line({ msg: "run finished", request: "req_1" }), now)).toBe(
    "11:59:59 ml-worker      run finished request=req_1",
  );
  const failed = line({ level: "error", msg: "step failed", err: { message: "no such file" } });
  expect(readable("ml", failed, now)).toBe("11:59:59 ml             error: step failed (no such file)");
});

it("keeps a line that isn't ours and leaves out what is below info", () => {
  expect(readable("ml", "Segmentation fault", now)).toBe("12:00:01 ml             Segmentation fault");
  expect(readable("ml", "{cut off", now)).toBe("12:00:01 ml             {cut off");
  expect(readable("ml", line({ level: "debug", msg: "x" }), now)).toBeNull();
});
