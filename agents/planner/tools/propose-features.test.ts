import { expect, it } from "vitest";
import { proposeFeatures } from "./propose-features.ts";

it("is unavailable without a language model, and says which setting names one", async () => {
  await expect(proposeFeatures.run({}, { language: null })).rejects.toMatchObject({
    ...{ code: "unavailable", message: expect.stringContaining("MUSTER_MODEL") },
  });
});
