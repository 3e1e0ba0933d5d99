/**
 * The wire format of Protocol Buffers, as much of it as ONNX files use: varints, fixed32 and length-delimited fields.
 * Written here because the model file is a contract of ours and needs no schema compiler.
 */
export type ProtoWriter = {
  /** A signed 64-bit integer field (negative numbers take ten bytes, as the format wants). */
  int(field: number, value: number): void;
  float(field: number, value: number): void;
  text(field: number, value: string): void;
  /** A nested message or raw bytes. */
  bytes(field: number, value: Uint8Array): void;
  /** A packed repeated int64. */
  ints(field: number, values: ArrayLike<number>): void;
  /** A packed repeated float32. */
  floats(field: number, values: ArrayLike<number>): void;
  finish(): Uint8Array;
};

/** The wire types that a tag's low three bits name. */
export const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const utf8 = new TextEncoder();

/** An empty message to write fields into. */
export function protoWriter(): ProtoWriter {
  const out = byteSink();
  const tag = (field: number, type: number) => out.varint(field * 8 + type);
  const bytes = (field: number, value: Uint8Array) => {
    tag(field, wire.bytes);
    out.varint(value.length);
    out.bytes(value);
  };
  return {
    int(field, value) {
      tag(field, wire.varint);
      out.varint(value);
    },
    float(field, value) {
      tag(field, wire.fixed32);
      out.float(value);
    },
    text: (field, value) => bytes(field, utf8.encode(value)),
    bytes,
    ints(field, values) {
      const packed = byteSink();
      for (let i = 0; i < values.length; i++) packed.varint(values[i]!);
      bytes(field, packed.finish());
    },
    floats(field, values) {
      tag(field, wire.bytes);
      out.varint(values.length * 4);
      for (let i = 0; i < values.length; i++) out.float(values[i]!);
    },
    finish: out.finish,
  };
}

function byteSink() {
  let buffer = Buffer.allocUnsafe(64);
  let length = 0;
  const reserve = (extra: number) => {
    if (length + extra <= buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(buffer.length * 2, length + extra));
    buffer.copy(grown, 0, 0, length);
    buffer = grown;
  };
  return {
    varint(value: number) {
      reserve(10);
      if (value < 0) {
        let rest = BigInt.asUintN(64, BigInt(value));
        for (; rest > 127n; rest >>= 7n) buffer[length++] = Number(rest & 127n) | 128;
        buffer[length++] = Number(rest);
        return;
      }
      let rest = value;
      for (; rest > 127; rest = Math.floor(rest / 128)) buffer[length++] = (rest % 128) | 128;
      buffer[length++] = rest;
    },
    float(value: number) {
      reserve(4);
      length = buffer.writeFloatLE(value, length);
    },
    bytes(value: Uint8Array) {
      reserve(value.length);
      buffer.set(value, length);
      length += value.length;
    },
    finish: () => new Uint8Array(buffer.subarray(0, length)),
  };
}
