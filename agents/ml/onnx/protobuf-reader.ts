import { fault } from "@muster/shared/fault.ts";
import { wire } from "./protobuf.ts";

/** One field of a message as it stands on the wire; `value` is the varint or the fixed number's bits, `bytes` the content. */
export type ProtoField = { field: number; wire: number; value: bigint; bytes: Uint8Array };

const nothing = new Uint8Array(0);
const malformed = () => fault("invalid_input", "not a readable model file: its protobuf is cut off or malformed");

/**
 * The fields of a message in file order. Every length is checked against the message's end before anything is read,
 * so bytes of any origin give fields or `invalid_input`, never a read outside.
 */
export function* protoFields(message: Uint8Array): Generator<ProtoField> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) throw malformed();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw malformed();
  };
  const take = (length: number): Uint8Array => {
    if (length > message.length - at) throw malformed();
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = varint();
    const field = Number(tag >> 3n);
    const type = Number(tag & 7n);
    if (field === 0 || field > 536870911) throw malformed();
    if (type === wire.varint) yield { field, wire: type, value: varint(), bytes: nothing };
    else if (type === wire.bytes) {
      const length = varint();
      if (length > BigInt(message.length)) throw malformed();
      yield { field, wire: type, value: 0n, bytes: take(Number(length)) };
    } else if (type === wire.fixed32) yield { field, wire: type, value: 0n, bytes: take(4) };
    else if (type === wire.fixed64) yield { field, wire: type, value: 0n, bytes: take(8) };
    else throw malformed();
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The text of a length-delimited field; `invalid_input` when it isn't UTF-8. */
export function protoText(field: ProtoField): string {
  if (field.wire !== wire.bytes) throw malformed();
  try {
    return utf8.decode(field.bytes);
  } catch (error) {
    throw fault("invalid_input", "not a readable model file: a name in it isn't UTF-8", {}, error);
  }
}

/** The nested message of a field. */
export function protoMessage(field: ProtoField): Uint8Array {
  if (field.wire !== wire.bytes) throw malformed();
  return field.bytes;
}

/** The numbers of a repeated int64, packed or not: parsers have to take both. */
export function protoInts(field: ProtoField): number[] {
  if (field.wire === wire.varint) return [Number(BigInt.asIntN(64, field.value))];
  const values: number[] = [];
  const packed = protoMessage(field);
  let value = 0n;
  let shift = 0n;
  for (const byte of packed) {
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) {
      values.push(Number(BigInt.asIntN(64, value)));
      value = 0n;
      shift = 0n;
      continue;
    }
    shift += 7n;
    if (shift > 63n) throw malformed();
  }
  if (shift !== 0n) throw malformed();
  return values;
}
