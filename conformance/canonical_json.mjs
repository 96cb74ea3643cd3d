// SPDX-License-Identifier: AGPL-3.0-only
// JSON as the published lines need it: values are kept as they are written, what two readers could
// understand differently is refused, and everything is printed in one way only.

import { createHash } from "node:crypto";

const MAX_DEPTH = 128;

// The document cannot be read.
export class Malformed extends Error {
  constructor(reason, where = "") {
    super(where ? `${reason} at ${where}` : reason);
    this.reason = reason;
  }
}

// A number as it is written; JavaScript's own would make 1 of 1.0 and round integers above 2^53.
export class Numeral {
  constructor(text) {
    this.text = text;
  }
}

// A value that is printed with a decimal point.
export class Float {
  constructor(value) {
    this.value = value;
  }
}

// JSON. Objects are read as Map: in the order of the document, and `__proto__` is a key like others.

class Scanner {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  document() {
    const value = this.value(1);
    this.space();
    if (this.at < this.text.length) throw new Malformed("syntax");
    return value;
  }

  space() {
    while (" \t\n\r".includes(this.text[this.at] ?? "x")) this.at += 1;
  }

  take(token) {
    if (!this.text.startsWith(token, this.at)) throw new Malformed("syntax");
    this.at += token.length;
  }

  value(depth) {
    this.space();
    const first = this.text[this.at];
    if (first === "{" || first === "[") {
      if (depth > MAX_DEPTH) throw new Malformed("nesting");
      return first === "{" ? this.object(depth) : this.list(depth);
    }
    if (first === '"') return this.string();
    for (const [word, value] of [["true", true], ["false", false], ["null", null]]) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.number();
  }

  object(depth) {
    const fields = new Map();
    this.take("{");
    this.space();
    if (this.text[this.at] !== "}") {
      for (;;) {
        this.space();
        const key = this.string();
        if (fields.has(key)) throw new Malformed("duplicate_key");
        this.space();
        this.take(":");
        fields.set(key, this.value(depth + 1));
        this.space();
        if (this.text[this.at] !== ",") break;
        this.at += 1;
      }
    }
    this.take("}");
    return fields;
  }

  list(depth) {
    const items = [];
    this.take("[");
    this.space();
    if (this.text[this.at] !== "]") {
      for (;;) {
        items.push(this.value(depth + 1));
        this.space();
        if (this.text[this.at] !== ",") break;
        this.at += 1;
      }
    }
    this.take("]");
    return items;
  }

  string() {
    const token = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
    token.lastIndex = this.at;
    const found = token.exec(this.text);
    if (!found) throw new Malformed("syntax");
    this.at = token.lastIndex;
    const text = JSON.parse(found[0]);
    if (/\p{Surrogate}/u.test(text)) throw new Malformed("surrogate");
    return text;
  }

  number() {
    const token = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
    token.lastIndex = this.at;
    const found = token.exec(this.text);
    if (!found) throw new Malformed("syntax");
    this.at = token.lastIndex;
    if (!Number.isFinite(Number(found[0]))) throw new Malformed("number_range");
    return new Numeral(found[0]);
  }
}

export function readJson(data) {
  if (data.length >= 3 && data[0] === 0xef && data[1] === 0xbb && data[2] === 0xbf) {
    throw new Malformed("bom");
  }
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new Malformed("encoding");
  }
  return new Scanner(text).document();
}

// Only quotes, backslashes and U+0000 to U+001F are escaped. JSON.stringify does the same to text
// without lone surrogates.
export const printString = (text) => JSON.stringify(text);

// The shortest digits that read back the same, always with a point or an exponent.
export function printFloat(value) {
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const sign = value < 0 ? "-" : "";
  const [mantissa, exponent] = Math.abs(value).toExponential().split("e");
  const digits = mantissa.replace(".", "");
  const point = Number(exponent) + 1;
  if (point <= -5 || point > 16) {
    const tail = digits.length > 1 ? `.${digits.slice(1)}` : "";
    return `${sign}${digits[0]}${tail}e${point > 0 ? "+" : ""}${point - 1}`;
  }
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  const padded = digits.padEnd(point, "0");
  return `${sign}${padded.slice(0, point)}.${padded.slice(point) || "0"}`;
}

function printScalar(value) {
  if (typeof value === "string") return printString(value);
  if (value instanceof Numeral) return value.text;
  if (value instanceof Float) return printFloat(value.value);
  return String(value);
}

export function compact(value) {
  if (value instanceof Map) {
    return `{${[...value].map(([key, item]) => `${printString(key)}:${compact(item)}`).join(",")}}`;
  }
  return Array.isArray(value) ? `[${value.map(compact).join(",")}]` : printScalar(value);
}

export function pretty(value, indent = "\n") {
  const deeper = `${indent}  `;
  if (value instanceof Map && value.size) {
    const lines = [...value].map(([key, item]) => `${printString(key)}: ${pretty(item, deeper)}`);
    return `{${deeper}${lines.join(`,${deeper}`)}${indent}}`;
  }
  if (Array.isArray(value) && value.length) {
    return `[${deeper}${value.map((item) => pretty(item, deeper)).join(`,${deeper}`)}${indent}]`;
  }
  return compact(value);
}

// By code points, which is the order of the UTF-8 bytes; JavaScript's own order is that of UTF-16.
export const byCodePoint = (left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right));

export function ordered(value) {
  if (value instanceof Map) {
    const keys = [...value.keys()].sort(byCodePoint);
    return new Map(keys.map((key) => [key, ordered(value.get(key))]));
  }
  return Array.isArray(value) ? value.map(ordered) : value;
}

const I64 = -9223372036854775808n;
const U64 = 18446744073709551615n;

// Numbers as the original prints them: whole ones that fit into 64 bits as they are, all others as
// floats.
export function reprinted(value) {
  if (value instanceof Map) {
    return new Map([...value].map(([key, item]) => [key, reprinted(item)]));
  }
  if (Array.isArray(value)) return value.map(reprinted);
  if (!(value instanceof Numeral)) return value;
  if (value.text !== "-0" && /^-?[0-9]{1,20}$/.test(value.text)) {
    const number = BigInt(value.text);
    if (number >= I64 && number <= U64) return number;
  }
  return new Float(Number(value.text));
}

// Whether a document is printed as it is here, white space between values aside.
export function isExact(data, value) {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(data);
  const dense = text.replace(/("(?:[^"\\]|\\.)*")|[ \t\n\r]+/g, (_, quoted) => quoted ?? "");
  return dense === compact(reprinted(value));
}

export const sha256 = (value) => createHash("sha256").update(compact(value)).digest("hex");
