import { createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { publicNkeyToKey, seedToPrivateKey } from "@muster/shared/nkey.ts";

/** Who a process is: its name, its signature, and the public keys by which it knows the others. */
export type Identity = {
  name: string;
  sign: (text: string) => string;
  /** Whether the signature is `process`'s over this text; false for a process that is not in the ring. */
  verify: (process: string, text: string, signature: string) => boolean;
};

/** Makes the identity of a process from its nkey seed and the ring of public nkeys (Ed25519, node:crypto). */
export function identity(name: string, seed: string, ring: Record<string, string>): Identity {
  const privateKey = seedToPrivateKey(seed);
  const keys = new Map<string, KeyObject>(
    Object.entries(ring).map(([process, nkey]) => [process, publicNkeyToKey(nkey)]),
  );
  const own = keys.get(name);
  if (own && !own.equals(createPublicKey(privateKey))) throw new Error(`the key of ${name} is not the one in the ring`);
  return {
    name,
    sign: (text) => sign(null, Buffer.from(text), privateKey).toString("base64url"),
    verify: (process, text, signature) => {
      const key = keys.get(process);
      return key !== undefined && verify(null, Buffer.from(text), key, Buffer.from(signature, "base64url"));
    },
  };
}
