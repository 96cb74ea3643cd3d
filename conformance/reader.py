# SPDX-License-Identifier: AGPL-3.0-only
"""A reference reader of every published artifact line, in plain Python (3.11 or newer).

``python reader.py --kind KIND --input FILE --output FILE [--artifact FILE] [--report FILE]`` reads
one artifact as README.md describes, writes its normalised form, and prints one JSON line with the
verdict. The exit code is 0 for a valid artifact and 1 for an invalid one, of which no normalised
form is written. ``--artifact`` is what a sidecar is for.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from canonical_json import (
    Malformed,
    Number,
    is_exact,
    ordered,
    pretty,
    read_json,
    reprinted,
    sha256,
)
from signatures import EMBEDDED, SIDECAR, check_signature, owns

LARGEST = {"u32": 2**32 - 1, "u53": 2**53 - 1, "u64": 2**64 - 1}
CONTRACT = "memoryoss.runtime.v1alpha1"
VERSIONS = {
    "passport": "memoryoss.passport.v1alpha1",
    "history": "memoryoss.history.v1alpha1",
    "bundle": "memoryoss.bundle.v1alpha1",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reader says. ``form`` is the rule of integrity that held, ``signature`` is ``valid``,
    ``unverified`` (of the scheme with a secret) or ``unsigned``."""

    typed: dict[str, Any]
    form: str = "none"
    errors: frozenset[str] = frozenset()
    signature: str = "unsigned"


# Typed values: each reads what is written and gives what is printed.


def read_string(value: Any, where: str) -> str:
    """A string."""
    if not isinstance(value, str):
        raise Malformed("wrong_type", where)
    return value


def read_line(value: Any, where: str) -> str:
    """A string of 1 to 256 characters on one line, not blank and without control characters."""
    text = read_string(value, where)
    if len(text) > 256 or not text.strip() or re.search("[\x00-\x1f\x7f-\x9f]", text):
        raise Malformed("invalid_text", where)
    return text


def read_boolean(value: Any, where: str) -> bool:
    """``true`` or ``false``."""
    if not isinstance(value, bool):
        raise Malformed("wrong_type", where)
    return value


def read_integer(value: Any, where: str, limit: int) -> int:
    """A natural number up to ``limit``, written without point and exponent."""
    if not isinstance(value, Number) or not re.fullmatch("-?[1-9][0-9]*|0", value.text):
        raise Malformed("wrong_type", where)
    if value.text.startswith("-") or len(value.text) > 20 or int(value.text) > limit:
        raise Malformed("number_range", where)
    return int(value.text)


def read_decimal(value: Any, where: str) -> float:
    """Any number; it is printed as a float."""
    if not isinstance(value, Number):
        raise Malformed("wrong_type", where)
    return float(value.text)


_HEX = "[0-9a-fA-F]"
_HYPHENATED = f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
_UUID = re.compile(rf"{_HEX}{{32}}|{_HYPHENATED}|\{{{_HYPHENATED}\}}|urn:uuid:{_HYPHENATED}")


def read_uuid(value: Any, where: str) -> str:
    """Plain, hyphenated, in braces or as a URN; printed hyphenated, in lower case."""
    if not _UUID.fullmatch(read_string(value, where)):
        raise Malformed("invalid_uuid", where)
    digits = value.removeprefix("urn:uuid:").strip("{}").replace("-", "").lower()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)


def read_timestamp(value: Any, where: str) -> str:
    """RFC 3339; printed in UTC, the fraction with 0, 3, 6 or 9 digits."""
    match = _TIME.fullmatch(read_string(value, where))
    if not match:
        raise Malformed("invalid_timestamp", where)
    day, clock, fraction, sign, hours, minutes = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}")
        if sign:
            offset = timedelta(hours=int(hours), minutes=int(minutes))
            moment += offset if sign == "-" else -offset
    except (ValueError, OverflowError):
        raise Malformed("invalid_timestamp", where) from None
    digits = (fraction or "").ljust(9, "0")[:9]
    while digits.endswith("000"):
        digits = digits[:-3]
    return f"{moment.isoformat()}.{digits}Z" if digits else f"{moment.isoformat()}Z"


def read_shape(value: Any, shape: str, where: str) -> dict[str, Any]:
    """An object with the fields of ``shape``, printed in their order; others are ignored."""
    if not isinstance(value, dict):
        raise Malformed("wrong_type", where)
    known: dict[str, Any] = {}
    for name, kind in SHAPES[shape].items():
        place = f"{where}.{name}".lstrip(".")
        given = value.get(name)
        if kind.endswith("?") and given is None:
            continue
        kind, _, absent = kind.rstrip("?").partition("=")
        if name not in value and absent:
            given = _ABSENT[absent]
        elif name not in value and not kind.endswith("~"):
            raise Malformed("missing_field", place)
        elif name in value:
            given = read(given, kind.rstrip("~"), place)
        if given or not kind.endswith("~"):
            known[name] = given
    return known


_ABSENT = {"false": False, "0": 0, "[]": [], "local": "local"}


def read(value: Any, kind: str, where: str) -> Any:
    """A value of the kind that :data:`SHAPES` names."""
    if kind.endswith("[]"):
        if not isinstance(value, list):
            raise Malformed("wrong_type", where)
        return [read(item, kind[:-2], f"{where}[{place}]") for place, item in enumerate(value)]
    if "|" in kind:
        if read_string(value, where) not in kind.split("|"):
            raise Malformed("unknown_value", where)
        return value
    if kind in LARGEST:
        return read_integer(value, where, LARGEST[kind])
    if kind == "object":
        if not isinstance(value, dict):
            raise Malformed("wrong_type", where)
        return ordered(reprinted(value))
    if kind in SHAPES:
        return read_shape(value, kind, where)
    return _SCALARS[kind](value, where)


_SCALARS = {
    "string": read_string,
    "line": read_line,
    "boolean": read_boolean,
    "decimal": read_decimal,
    "uuid": read_uuid,
    "timestamp": read_timestamp,
}

SHAPES: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("lines.json").read_text())
"""Every object of the lines: its fields in the order in which they are printed, with their kinds.
``?`` marks what may be absent or null and is not printed then, ``[]`` a list, ``~`` a list that may
be absent and is not printed when empty, ``=`` what an absent field reads as, ``|`` choices."""


# Integrity. A digest holds in one of two forms: over the artifact as the typed reader prints it, or
# over its values as they are written.

COVERED = ("bundle_version", "bundle_id", "kind", "namespace", "scope", "runtime_contract_id")
COVERED_SIGNATURE = ("scheme", "signer", "signable", "identity_kind", "signed_at")


def matching(stored: dict[str, str], forms: dict[str, Any], code: str) -> tuple[str, set[str]]:
    """The first of the forms whose digest is the stored one; ``code`` if there is none."""
    if stored["algorithm"].lower() != "sha256":
        return "none", {"unsupported_algorithm"}
    for name, value in forms.items():
        if sha256(value) == stored["payload_sha256"]:
            return name, set()
    return "none", {code}


def check_document(kind: str, value: Any, where: str = "") -> Verdict:
    """A passport or a history. Hashed are its fields but ``integrity``, in the declared order."""
    typed = read_shape(value, kind, where)
    names = [name for name in SHAPES[kind] if name != "integrity"]
    forms = {form: {n: v[n] for n in names} for form, v in (("typed", typed), ("received", value))}
    form, errors = matching(typed["integrity"], forms, "integrity_mismatch")
    if typed["bundle_version"] != VERSIONS[kind]:
        errors.add("unsupported_version")
    if typed["runtime_contract"]["contract_id"] != CONTRACT:
        errors.add("unsupported_contract")
    return Verdict(typed, form, frozenset(errors))


def outer(envelope: dict[str, Any]) -> Any:
    """What the digest of an envelope covers, keys in order at every level."""
    fields = {name: envelope.get(name) for name in (*COVERED, "exported_at", "payload")}
    fields["reference"] = {n: envelope["reference"].get(n) for n in SHAPES["reference"]}
    fields["signature"] = {n: envelope["signature"].get(n) for n in COVERED_SIGNATURE}
    return ordered(fields)


def check_bundle(value: Any, exact: bool) -> Verdict:
    """An envelope: its digest, its payload, and whether it says of the payload what is true."""
    typed = read_shape(value, "bundle", "")
    payload = value["payload"]
    kind = next((kind for kind in ("passport", "history") if f"{kind}_id" in payload), None)
    if kind is None:
        raise Malformed("missing_field", "payload.passport_id")
    inside = check_document(kind, payload, "payload")
    forms = {"typed": outer(typed), "received": outer(value)}
    form, errors = matching(typed["integrity"], forms, "envelope_mismatch")
    if typed["bundle_version"] != VERSIONS["bundle"]:
        errors.add("unsupported_version")
    if not agrees(typed, kind, inside.typed):
        errors.add("metadata_mismatch")
    content = {name: item for name, item in value.items() if name not in ("signature", "integrity")}
    signed = (f"bundle:{sha256(forms['typed'])}", sha256(ordered(content)))
    whole = {"algorithm": "sha256", "payload_sha256": sha256(forms["typed"])}
    exact = exact and value["integrity"] == whole
    signature = check_signature(value["signature"], EMBEDDED, signed, exact)
    if signature == "invalid":
        errors.add("invalid_signature")
    weakest = min(form, inside.form, key=("none", "received", "typed").index)
    return Verdict(typed, weakest, inside.errors | errors, signature)


def agrees(envelope: dict[str, Any], kind: str, payload: dict[str, Any]) -> bool:
    """Whether all that an envelope says of its payload is what the payload says."""
    key, namespace, scope = payload[f"{kind}_id"], payload["namespace"], payload.get("scope")
    said = {
        "kind": kind,
        "bundle_id": key,
        "namespace": namespace,
        "scope": scope,
        "exported_at": payload["exported_at"],
        "runtime_contract_id": payload["runtime_contract"]["contract_id"],
    }
    end = f"&scope={scope}" if scope else ""
    uris = {
        f"memoryoss://bundle/{key}?kind={kind}&namespace={name}{end}"
        for name in (namespace, quote(namespace, safe=""))
    }
    parts = ["memoryoss", kind, namespace, *([scope] if scope else []), key]
    return (
        all((envelope.get(name) or None) == (told or None) for name, told in said.items())
        and envelope["reference"]["uri"] in uris
        and envelope["reference"]["attachment_name"] == "-".join(parts) + ".membundle.json"
    )


def check_sidecar(value: Any, artifact: Any = None, exact: bool = True) -> Verdict:
    """A signature that stands beside ``artifact``: a passport, a history or a sync peer."""
    typed = read_shape(value, "sidecar", "")
    signed, errors, form = None, set(), "none"
    if artifact is not None:
        kind = next((k for k in ("passport", "history") if f"{k}_id" in artifact), "sync_peer")
        if kind == "sync_peer":
            document = read_shape(artifact, kind, "")
        else:
            checked = check_document(kind, artifact)
            document, form, errors = checked.typed, checked.form, {*checked.errors}
        signed = (f"{kind}:{sha256(document)}", sha256(ordered(artifact)))
    signature = check_signature(value, SIDECAR, signed, exact)
    if signature == "invalid":
        errors.add("invalid_signature")
    return Verdict(typed, form, frozenset(errors), signature)


def check_contract(value: Any) -> Verdict:
    """A runtime contract; it has no digest."""
    typed = read_shape(value, "runtime_contract", "")
    wrong = {"unsupported_contract"} if typed["contract_id"] != CONTRACT else set()
    return Verdict(typed, errors=frozenset(wrong))


def check_catalog(value: Any) -> Verdict:
    """A trust catalog: no identity twice, ids that belong to their keys, the signature."""
    typed = read_shape(value, "trust_catalog", "")
    for rows in (typed["identities"], typed["revocations"]):
        if len({row["id"] for row in rows}) < len(rows):
            raise Malformed("duplicate_identity")
    errors = set()
    for row in typed["identities"]:
        key = row.get("public_key")
        if key is not None and not owns({"identity": row["id"], **row}):
            errors.add("invalid_identity")
    signature = "unsigned"
    if "signature" in typed:
        if "sequence" not in typed:
            raise Malformed("missing_field", "sequence")
        content = {name: item for name, item in value.items() if name != "signature"}
        signed = (f"trust_catalog:{typed['catalog_id']}", sha256(ordered(content)))
        signature = check_signature(value["signature"], SIDECAR, signed, domain="trust-catalog")
    if signature == "invalid":
        errors.add("invalid_signature")
    return Verdict(typed, errors=frozenset(errors), signature=signature)


CHECKS = {
    "runtime_contract": check_contract,
    "passport": lambda value: check_document("passport", value),
    "history": lambda value: check_document("history", value),
    "trust_catalog": check_catalog,
}
KINDS = (*CHECKS, "bundle", "sidecar")


def check(kind: str, data: bytes, artifact: bytes | None = None) -> tuple[dict[str, Any], str]:
    """The verdict on an artifact and its normalised form, which is empty if it is not valid."""
    try:
        value = read_json(data)
        if kind == "bundle":
            verdict = check_bundle(value, is_exact(data, value))
        elif kind != "sidecar":
            verdict = CHECKS[kind](value)
        elif artifact is None:
            verdict = check_sidecar(value)
        else:
            beside = read_json(artifact)
            verdict = check_sidecar(value, beside, is_exact(artifact, beside))
    except Malformed as error:
        told = {"valid": False, "form": "none", "errors": ["malformed_document"]}
        return told | {"reason": str(error)}, ""
    told = {"valid": not verdict.errors, "form": verdict.form, "errors": sorted(verdict.errors)}
    told["signature"] = "invalid" if "invalid_signature" in verdict.errors else verdict.signature
    return told, "" if verdict.errors else pretty(verdict.typed) + "\n"


def main() -> int:
    """Read one artifact."""
    parser = argparse.ArgumentParser(description="Read one artifact and say whether it is valid.")
    parser.add_argument("--kind", required=True, choices=KINDS)
    parser.add_argument("--input", required=True, type=Path)
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("--artifact", type=Path, help="what a sidecar is for")
    parser.add_argument("--report", type=Path, help="where the verdict is written too")
    options = parser.parse_args()
    artifact = options.artifact and options.artifact.read_bytes()
    verdict, normal = check(options.kind, options.input.read_bytes(), artifact)
    line = json.dumps(verdict)
    if verdict["valid"]:
        options.output.write_bytes(normal.encode())
    if options.report:
        options.report.write_text(line + "\n")
    sys.stdout.write(line + "\n")
    return 0 if verdict["valid"] else 1


if __name__ == "__main__":
    sys.exit(main())
