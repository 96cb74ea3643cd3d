// SPDX-License-Identifier: AGPL-3.0-only
// Signatures of envelopes, catalogs and sidecars: whether what they say of themselves agrees, and
// whether those of the scheme `memoryoss.ed25519.v1` hold. README.md says what is signed.

import { createHash, createPublicKey, verify } from "node:crypto";

import { compact, ordered, sha256 } from "./canonical_json.mjs";

const ED25519 = "memoryoss.ed25519.v1";
const HMAC = "memoryoss.hmac-sha256.v1";
const KEYED_ID = /^(?:author|device|sync_peer):[0-9a-f]{32}$/;
const LINK = ["identity", "kind", "action", "at"];
const KEYED = ["public_key", "value"];

export const EMBEDDED = ["signer", "identity_kind", "signable"];
export const SIDECAR = ["identity", "kind"];

// `valid`, `unverified`, `unsigned` or `invalid`; `value` as it is written. Where a document says
// that it is signed, all that belongs to a signature has to be there, and nothing else. `signed` are
// the subject and the digest of the content; without them a signature is only tested for what it
// says of itself. A signature with a key holds only for a document that is printed exactly as its
// writer prints it.
export function checkSignature(value, form, signed, exact = true, domain = "artifact") {
  const scheme = value.get("scheme");
  const chain = value.get("chain") ?? [];
  if (scheme === "unsigned" && form === EMBEDDED) {
    const empty = (item) => item === null || (Array.isArray(item) && item.length === 0);
    const claims = [...value].filter(([, item]) => !empty(item));
    const silent = claims.every(([name]) => name === "scheme" || name === "signable");
    return silent ? "unsigned" : "invalid";
  }
  if (scheme !== ED25519 && scheme !== HMAC) return "invalid";
  const keyed = scheme === ED25519;
  const names = ["scheme", "signed_at", "value", "chain", ...form, ...(keyed ? ["public_key"] : [])];
  if (!chain.length || !hasExactly(value, names) || value.get("signable") === false) return "invalid";
  for (const link of chain) {
    if (!hasExactly(link, keyed ? [...LINK, ...KEYED] : LINK)) return "invalid";
    if (link.get("action") !== "sign") return "invalid";
  }
  const last = chain[chain.length - 1];
  const pairs = [
    ["identity", form[0]],
    ["kind", form[1]],
    ["at", "signed_at"],
    ["public_key", "public_key"],
  ];
  if (pairs.some(([one, other]) => last.get(one) !== value.get(other))) return "invalid";
  if (!isHex(value.get("value"), keyed ? 128 : 64)) return "invalid";
  if (!keyed) return KEYED_ID.test(last.get("identity")) ? "invalid" : "unverified";
  if (!chain.every((link) => isHex(link.get("value"), 128) && owns(link))) return "invalid";
  if (!signed) return "unverified";
  return exact && holds(value, chain, signed, domain) ? "valid" : "invalid";
}

const hasExactly = (value, names) =>
  value.size === names.length && names.every((name) => value.has(name));

const isHex = (text, size) =>
  typeof text === "string" && text.length === size && /^[0-9a-f]*$/.test(text);

// Whether the id of a signer is made of the key with which it signs.
export function owns(link, identity = "identity") {
  if (!isHex(link.get("public_key"), 64)) return false;
  const key = Buffer.from(link.get("public_key"), "hex");
  const digest = createHash("sha256").update(key).digest("hex").slice(0, 32);
  return link.get(identity) === `${link.get("kind")}:${digest}`;
}

// Whether every link of the chain and the signature itself are of this document.
function holds(value, chain, [subject, content], domain) {
  let previous = null;
  for (const link of chain) {
    const told = new Map([...link].filter(([name]) => name !== "value"));
    told.set("scheme", ED25519).set("content", content).set("previous", previous);
    if (!verified(link, `${domain}-link`, told)) return false;
    previous = sha256(ordered(link));
  }
  const last = chain[chain.length - 1];
  const told = new Map([
    ["scheme", ED25519],
    ["subject", subject],
    ["content", content],
    ["identity", last.get("identity")],
    ["kind", last.get("kind")],
    ["signed_at", last.get("at")],
    ["public_key", last.get("public_key")],
    ["chain", sha256(ordered(chain))],
  ]);
  return verified(value, `${domain}-signature`, told);
}

// The head of an Ed25519 key in the form that node:crypto imports (RFC 8410).
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

// Whether a key signed an object in a domain.
function verified(signature, domain, told) {
  const name = Buffer.from(domain);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(name.length);
  const framed = Buffer.concat([
    Buffer.from("memoryoss.signature.v1"),
    size,
    name,
    Buffer.from(compact(ordered(told))),
  ]);
  try {
    const der = Buffer.concat([SPKI, Buffer.from(signature.get("public_key"), "hex")]);
    const key = createPublicKey({ key: der, format: "der", type: "spki" });
    return verify(null, framed, key, Buffer.from(signature.get("value"), "hex"));
  } catch {
    return false;
  }
}
