// SPDX-License-Identifier: AGPL-3.0-only
// A reference reader of every published artifact line in JavaScript (Node 18 or newer, no
// dependencies). `node reader.mjs --kind KIND --input FILE --output FILE [--artifact FILE]
// [--report FILE]` does what reader.py does: README.md describes both.

import { readFileSync, writeFileSync } from "node:fs";

import {
  Float,
  Malformed,
  Numeral,
  isExact,
  ordered,
  pretty,
  readJson,
  reprinted,
  sha256,
} from "./canonical_json.mjs";
import { EMBEDDED, SIDECAR, checkSignature, owns } from "./signatures.mjs";

const LARGEST = { u32: 4294967295n, u53: 9007199254740991n, u64: 18446744073709551615n };
const CONTRACT = "memoryoss.runtime.v1alpha1";
const VERSIONS = {
  passport: "memoryoss.passport.v1alpha1",
  history: "memoryoss.history.v1alpha1",
  bundle: "memoryoss.bundle.v1alpha1",
};
const SHAPES = JSON.parse(readFileSync(new URL("lines.json", import.meta.url), "utf8"));

// Typed values: each reads what is written and gives what is printed.

function readString(value, where) {
  if (typeof value !== "string") throw new Malformed("wrong_type", where);
  return value;
}

// A string of 1 to 256 characters on one line, not blank and without control characters.
function readLine(value, where) {
  const text = readString(value, where);
  if ([...text].length > 256 || !text.trim() || /[\u0000-\u001f\u007f-\u009f]/.test(text)) {
    throw new Malformed("invalid_text", where);
  }
  return text;
}

function readBoolean(value, where) {
  if (typeof value !== "boolean") throw new Malformed("wrong_type", where);
  return value;
}

function readInteger(value, where, limit) {
  if (!(value instanceof Numeral) || !/^(?:-?[1-9][0-9]*|0)$/.test(value.text)) {
    throw new Malformed("wrong_type", where);
  }
  const number = BigInt(value.text);
  if (number < 0n || number > limit) throw new Malformed("number_range", where);
  return number;
}

function readDecimal(value, where) {
  if (!(value instanceof Numeral)) throw new Malformed("wrong_type", where);
  return new Float(Number(value.text));
}

const HYPHENATED = "[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}";
const UUID = new RegExp(
  `^(?:[0-9a-fA-F]{32}|${HYPHENATED}|\\{${HYPHENATED}\\}|urn:uuid:${HYPHENATED})$`,
);

function readUuid(value, where) {
  if (!UUID.test(readString(value, where))) throw new Malformed("invalid_uuid", where);
  const digits = value.replace(/^urn:uuid:/, "").replace(/[{}-]/g, "").toLowerCase();
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

const TIME = new RegExp(
  "^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\\.([0-9]+))?" +
    "(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))$",
);

function readTimestamp(value, where) {
  const found = TIME.exec(readString(value, where));
  if (!found) throw new Malformed("invalid_timestamp", where);
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number);
  const [fraction, sign, hours, minutes] = found.slice(7);
  const moment = new Date(0);
  moment.setUTCFullYear(year, month - 1, day);
  const real = moment.getUTCMonth() === month - 1 && moment.getUTCDate() === day;
  if (!real || year < 1 || hour > 23 || minute > 59 || second > 59) {
    throw new Malformed("invalid_timestamp", where);
  }
  const offset = sign ? (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? 1 : -1) : 0;
  moment.setUTCHours(hour, minute + offset, second);
  if (moment.getUTCFullYear() < 1 || moment.getUTCFullYear() > 9999) {
    throw new Malformed("invalid_timestamp", where);
  }
  let digits = (fraction ?? "").padEnd(9, "0").slice(0, 9);
  while (digits.endsWith("000")) digits = digits.slice(0, -3);
  return `${moment.toISOString().slice(0, 19)}${digits ? `.${digits}` : ""}Z`;
}

const ABSENT = { false: false, 0: 0n, "[]": [], local: "local" };

// An object with the fields of `shape`, printed in their order; others are ignored.
function readShape(value, shape, where) {
  if (!(value instanceof Map)) throw new Malformed("wrong_type", where);
  const known = new Map();
  for (const [name, kind] of Object.entries(SHAPES[shape])) {
    const place = where ? `${where}.${name}` : name;
    let given = value.get(name);
    if (kind.endsWith("?") && (given === undefined || given === null)) continue;
    const [bare, absent] = kind.replace("?", "").split("=");
    const sparse = bare.endsWith("~");
    if (given !== undefined) given = read(given, bare.replace("~", ""), place);
    else if (absent !== undefined) given = ABSENT[absent];
    else if (!sparse) throw new Malformed("missing_field", place);
    if (!sparse || given?.length) known.set(name, given);
  }
  return known;
}

const SCALARS = {
  string: readString,
  line: readLine,
  boolean: readBoolean,
  decimal: readDecimal,
  uuid: readUuid,
  timestamp: readTimestamp,
};

// A value of the kind that lines.json names.
function read(value, kind, where) {
  if (kind.endsWith("[]")) {
    if (!Array.isArray(value)) throw new Malformed("wrong_type", where);
    return value.map((item, place) => read(item, kind.slice(0, -2), `${where}[${place}]`));
  }
  if (kind.includes("|")) {
    if (!kind.split("|").includes(readString(value, where))) {
      throw new Malformed("unknown_value", where);
    }
    return value;
  }
  if (kind in LARGEST) return readInteger(value, where, LARGEST[kind]);
  if (kind === "object") {
    if (!(value instanceof Map)) throw new Malformed("wrong_type", where);
    return ordered(reprinted(value));
  }
  return kind in SHAPES ? readShape(value, kind, where) : SCALARS[kind](value, where);
}

// Integrity. A digest holds in one of two forms: over the artifact as the typed reader prints it, or
// over its values as they are written.

const FORMS = ["none", "received", "typed"];
const COVERED = [
  "bundle_version",
  "bundle_id",
  "kind",
  "namespace",
  "scope",
  "runtime_contract_id",
  "exported_at",
  "payload",
];
const COVERED_SIGNATURE = ["scheme", "signer", "signable", "identity_kind", "signed_at"];

const pick = (value, names) => new Map(names.map((name) => [name, value.get(name) ?? null]));

const without = (value, ...names) => new Map([...value].filter(([name]) => !names.includes(name)));

// The first form whose digest is the stored one; else `code` is among the errors.
function matching(stored, forms, code, errors) {
  if (stored.get("algorithm").toLowerCase() !== "sha256") {
    errors.add("unsupported_algorithm");
    return "none";
  }
  for (const form of ["typed", "received"]) {
    if (sha256(forms[form]) === stored.get("payload_sha256")) return form;
  }
  errors.add(code);
  return "none";
}

// A passport or a history. Hashed are its fields but `integrity`, in the declared order.
function checkDocument(kind, value, where = "") {
  const typed = readShape(value, kind, where);
  const names = Object.keys(SHAPES[kind]).filter((name) => name !== "integrity");
  const forms = { typed: pick(typed, names), received: pick(value, names) };
  const errors = new Set();
  const form = matching(typed.get("integrity"), forms, "integrity_mismatch", errors);
  if (typed.get("bundle_version") !== VERSIONS[kind]) errors.add("unsupported_version");
  if (typed.get("runtime_contract").get("contract_id") !== CONTRACT) {
    errors.add("unsupported_contract");
  }
  return { typed, form, errors, signature: "unsigned" };
}

// What the digest of an envelope covers, keys in order at every level.
function outer(envelope) {
  const fields = pick(envelope, COVERED);
  fields.set("reference", pick(envelope.get("reference"), ["uri", "attachment_name"]));
  fields.set("signature", pick(envelope.get("signature"), COVERED_SIGNATURE));
  return ordered(fields);
}

// An envelope: its digest, its payload, and whether it says of the payload what is true.
function checkBundle(value, data) {
  const typed = readShape(value, "bundle", "");
  const payload = value.get("payload");
  const kind = ["passport", "history"].find((name) => payload.has(`${name}_id`));
  if (!kind) throw new Malformed("missing_field", "payload.passport_id");
  const inside = checkDocument(kind, payload, "payload");
  const forms = { typed: outer(typed), received: outer(value) };
  const errors = new Set(inside.errors);
  const form = matching(typed.get("integrity"), forms, "envelope_mismatch", errors);
  if (typed.get("bundle_version") !== VERSIONS.bundle) errors.add("unsupported_version");
  if (!agrees(typed, kind, inside.typed)) errors.add("metadata_mismatch");
  const content = sha256(ordered(without(value, "signature", "integrity")));
  const signed = [`bundle:${sha256(forms.typed)}`, content];
  const integrity = value.get("integrity");
  const exact =
    isExact(data, value) &&
    integrity.size === 2 &&
    integrity.get("algorithm") === "sha256" &&
    integrity.get("payload_sha256") === sha256(forms.typed);
  const signature = checkSignature(value.get("signature"), EMBEDDED, signed, exact);
  if (signature === "invalid") errors.add("invalid_signature");
  const weakest = FORMS.find((name) => name === form || name === inside.form);
  return { typed, form: weakest, errors, signature };
}

// Everything but letters, digits and `-._~` is escaped.
const escaped = (text) =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );

// Whether all that an envelope says of its payload is what the payload says.
function agrees(envelope, kind, payload) {
  const key = payload.get(`${kind}_id`);
  const namespace = payload.get("namespace");
  const scope = payload.get("scope");
  const said = {
    kind,
    bundle_id: key,
    namespace,
    scope,
    exported_at: payload.get("exported_at"),
    runtime_contract_id: payload.get("runtime_contract").get("contract_id"),
  };
  const end = scope ? `&scope=${scope}` : "";
  const uris = [namespace, escaped(namespace)].map(
    (name) => `memoryoss://bundle/${key}?kind=${kind}&namespace=${name}${end}`,
  );
  const parts = ["memoryoss", kind, namespace, ...(scope ? [scope] : []), key];
  const reference = envelope.get("reference");
  return (
    Object.entries(said).every(([name, told]) => (envelope.get(name) || null) === (told || null)) &&
    uris.includes(reference.get("uri")) &&
    reference.get("attachment_name") === `${parts.join("-")}.membundle.json`
  );
}

// A signature that stands beside `artifact`: a passport, a history or a sync peer.
function checkSidecar(value, data, beside) {
  const typed = readShape(value, "sidecar", "");
  let form = "none";
  let errors = new Set();
  let signed;
  let exact = true;
  if (beside !== undefined) {
    const artifact = readJson(beside);
    exact = isExact(beside, artifact);
    const has = (name) => artifact instanceof Map && artifact.has(`${name}_id`);
    const kind = ["passport", "history"].find(has) ?? "sync_peer";
    let document;
    if (kind === "sync_peer") document = readShape(artifact, kind, "");
    else ({ typed: document, form, errors } = checkDocument(kind, artifact));
    signed = [`${kind}:${sha256(document)}`, sha256(ordered(artifact))];
  }
  const signature = checkSignature(value, SIDECAR, signed, exact);
  if (signature === "invalid") errors.add("invalid_signature");
  return { typed, form, errors, signature };
}

// A runtime contract; it has no digest.
function checkContract(value) {
  const typed = readShape(value, "runtime_contract", "");
  const errors = new Set();
  if (typed.get("contract_id") !== CONTRACT) errors.add("unsupported_contract");
  return { typed, form: "none", errors, signature: "unsigned" };
}

// A trust catalog: no identity twice, ids that belong to their keys, the signature.
function checkCatalog(value) {
  const typed = readShape(value, "trust_catalog", "");
  for (const name of ["identities", "revocations"]) {
    const rows = typed.get(name);
    if (new Set(rows.map((row) => row.get("id"))).size < rows.length) {
      throw new Malformed("duplicate_identity");
    }
  }
  const errors = new Set();
  for (const row of typed.get("identities")) {
    if (row.has("public_key") && !owns(row, "id")) errors.add("invalid_identity");
  }
  let signature = "unsigned";
  if (typed.has("signature")) {
    if (!typed.has("sequence")) throw new Malformed("missing_field", "sequence");
    const content = sha256(ordered(without(value, "signature")));
    const signed = [`trust_catalog:${typed.get("catalog_id")}`, content];
    signature = checkSignature(value.get("signature"), SIDECAR, signed, true, "trust-catalog");
  }
  if (signature === "invalid") errors.add("invalid_signature");
  return { typed, form: "none", errors, signature };
}

const CHECKS = {
  runtime_contract: checkContract,
  passport: (value) => checkDocument("passport", value),
  history: (value) => checkDocument("history", value),
  bundle: checkBundle,
  trust_catalog: checkCatalog,
  sidecar: checkSidecar,
};

// The verdict on an artifact and its normalised form, which is empty if it is not valid.
function check(kind, data, artifact) {
  let found;
  try {
    found = CHECKS[kind](readJson(data), data, artifact);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    const errors = ["malformed_document"];
    return [{ valid: false, form: "none", errors, reason: error.message }, ""];
  }
  const errors = [...found.errors].sort();
  const signature = found.errors.has("invalid_signature") ? "invalid" : found.signature;
  const verdict = { valid: errors.length === 0, form: found.form, errors, signature };
  return [verdict, errors.length ? "" : `${pretty(found.typed)}\n`];
}

const OPTIONS = ["kind", "input", "output", "artifact", "report"];
const USAGE =
  "usage: node reader.mjs --kind KIND --input FILE --output FILE [--artifact FILE] [--report FILE]";

function main(words) {
  const options = {};
  const rest = words.flatMap((word) => (/^--[a-z]+=/.test(word) ? cut(word) : [word]));
  for (let place = 0; place < rest.length; place += 2) {
    const name = rest[place].replace(/^--/, "");
    if (!OPTIONS.includes(name) || rest[place + 1] === undefined) return usage();
    options[name] = rest[place + 1];
  }
  if (!(options.kind in CHECKS) || !options.input || !options.output) return usage();
  const artifact = options.artifact && readFileSync(options.artifact);
  const [verdict, normal] = check(options.kind, readFileSync(options.input), artifact);
  const line = `${JSON.stringify(verdict)}\n`;
  if (verdict.valid) writeFileSync(options.output, normal);
  if (options.report) writeFileSync(options.report, line);
  process.stdout.write(line);
  return verdict.valid ? 0 : 1;
}

const cut = (word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)];

function usage() {
  process.stderr.write(`${USAGE}\n`);
  return 2;
}

process.exitCode = main(process.argv.slice(2));
