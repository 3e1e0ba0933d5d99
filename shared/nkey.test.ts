import { sign, verify } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createNkey, publicNkeyToKey, seedToPrivateKey, seedToPublicNkey } from "./nkey.ts";

// The vector that the NATS clients test against: seed, public key, and the signature over a server's nonce.
const seed = "SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU";
const publicKey = "UCK5N7N66OBOINFXAYC2ACJQYFSOD4VYNU6APEJTAVFZB2SVHLKGEW7L";
const nonce = "PXoWU7zWAMt75FY";
const signature = "ZaAiVDgB5CeYoXoQ7cBCmq+ZllzUnGUoDVb8C7PilWvCs8XKfUchAUhz2P4BYAF++Dg3w05CqyQFRDiGL6LrDw==";

describe("nkeys", () => {
  it("signs as the published vector says", () => {
    expect(sign(null, Buffer.from(nonce), seedToPrivateKey(seed)).toString("base64")).toBe(signature);
    expect(seedToPublicNkey(seed)).toBe(publicKey);
    expect(verify(null, Buffer.from(nonce), publicNkeyToKey(publicKey), Buffer.from(signature, "base64"))).toBe(true);
  });

  it("makes the same key from the same bytes, and its two halves belong together", () => {
    const bytes = Uint8Array.from({ length: 32 }, (_, i) => i);
    const made = createNkey(bytes);
    expect(made).toEqual(createNkey(bytes));
    expect(made.seed).toMatch(/^SU[A-Z2-7]{56}$/);
    expect(made.publicKey).toBe(seedToPublicNkey(made.seed));
    const signed = sign(null, Buffer.from("x"), seedToPrivateKey(made.seed));
    expect(verify(null, Buffer.from("x"), publicNkeyToKey(made.publicKey), signed)).toBe(true);
    expect(verify(null, Buffer.from("y"), publicNkeyToKey(made.publicKey), signed)).toBe(false);
  });

  it("refuses a key that was mistyped, cut, or of another kind, without repeating it", () => {
    const mistyped = seed.replace("MLK2", "MLK3");
    for (const bad of [mistyped, seed.slice(0, -2), publicKey, "", seed.toLowerCase(), `${seed}A`]) {
      expect(() => seedToPrivateKey(bad)).toThrow("not an nkey");
      if (bad) expect(() => seedToPrivateKey(bad)).not.toThrow(bad);
    }
    expect(() => publicNkeyToKey(seed)).toThrow("not an nkey");
    expect(() => createNkey(new Uint8Array(31))).toThrow("32 bytes");
  });
});
