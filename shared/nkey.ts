import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { fault } from "./fault.ts";

/**
 * NATS nkeys: an Ed25519 key as text. Base32 (RFC 4648, no padding) over prefix, key and CRC-16/XMODEM (little-endian);
 * of a seed the two prefix bytes hold "seed" (5 bits) and the kind of key (8 bits). Only user keys (`U…`, seed `SU…`).
 * The format is github.com/nats-io/nkeys; the same 32 bytes give the key that signs receipts.
 */
const seedPrefix = 18 << 3;
const userPrefix = 20 << 3;
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

function base32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(held >>> (bits - 5)) & 31];
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + alphabet[(held << (5 - bits)) & 31] : text;
}

function fromBase32(text: string): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const letter of text) {
    const value = alphabet.indexOf(letter);
    if (value < 0) throw fault("invalid_input", "not an nkey: a letter outside base32");
    held = (held << 5) | value;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >>> bits) & 255);
    held &= (1 << bits) - 1;
  }
  return Buffer.from(bytes);
}

function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc;
}

function encode(prefix: readonly number[], key: Uint8Array): string {
  const body = Buffer.from([...prefix, ...key]);
  const check = Buffer.alloc(2);
  check.writeUInt16LE(crc16(body));
  return base32(Buffer.concat([body, check]));
}

function decode(text: string, prefix: readonly number[]): Buffer {
  const bytes = fromBase32(text);
  const body = bytes.subarray(0, -2);
  const fits =
    base32(bytes) === text && body.length === prefix.length + 32 && prefix.every((byte, i) => body[i] === byte);
  if (!fits || bytes.readUInt16LE(body.length) !== crc16(body)) {
    throw fault("invalid_input", "not an nkey of a user: wrong length, prefix or checksum");
  }
  return body.subarray(prefix.length);
}

const seedBytes = [seedPrefix | (userPrefix >> 5), (userPrefix & 31) << 3] as const;

const privateKeyOf = (raw: Uint8Array): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), raw]),
    format: "der",
    type: "pkcs8",
  });

const publicBytes = (key: KeyObject): Buffer =>
  Buffer.from(createPublicKey(key).export({ format: "jwk" }).x ?? "", "base64url");

/** A user nkey from 32 random bytes: `seed` (`SU…`, secret) and `publicKey` (`U…`). Same bytes, same key. */
export function createNkey(randomBytes: Uint8Array): { seed: string; publicKey: string } {
  if (randomBytes.length !== 32) throw fault("invalid_input", "an nkey is made from exactly 32 bytes");
  return {
    seed: encode(seedBytes, randomBytes),
    publicKey: encode([userPrefix], publicBytes(privateKeyOf(randomBytes))),
  };
}

/** The Ed25519 private key of a seed (`SU…`), for node:crypto's `sign(null, …)`. Throws `invalid_input`. */
export const seedToPrivateKey = (seed: string): KeyObject => privateKeyOf(decode(seed.trim(), seedBytes));

/** The public nkey (`U…`) that belongs to a seed. Throws `invalid_input`. */
export const seedToPublicNkey = (seed: string): string => encode([userPrefix], publicBytes(seedToPrivateKey(seed)));

/** The Ed25519 public key of a public nkey (`U…`), for node:crypto's `verify(null, …)`. Throws `invalid_input`. */
export const publicNkeyToKey = (publicKey: string): KeyObject =>
  createPublicKey({
    key: Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), decode(publicKey.trim(), [userPrefix])]),
    format: "der",
    type: "spki",
  });
