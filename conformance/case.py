# SPDX-License-Identifier: AGPL-3.0-only
"""One case of the kit: a file, and what every reader has to say of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from canonical_json import compact, pretty


@dataclass(frozen=True, slots=True)
class Case:
    """``form`` is the rule of integrity that holds, ``signature`` what a verifier says of one,
    ``reason`` why a malformed document is malformed, ``artifact`` the file that a sidecar is for.
    """

    folder: str
    name: str
    kind: str
    data: bytes = field(repr=False)
    form: str = "none"
    note: str = ""
    errors: tuple[str, ...] = ()
    signature: str = "unsigned"
    reason: str = ""
    artifact: str = ""

    @property
    def file(self) -> str:
        """Where it is, below the folder ``fixtures``."""
        return f"{self.folder}/{self.kind}-{self.name}.json"

    def document(self) -> dict[str, Any]:
        """The case as it stands in cases.json."""
        fields: dict[str, Any] = {
            "name": self.file.removesuffix(".json"),
            "kind": self.kind,
            "file": self.file,
            "expect": "invalid" if self.errors else "valid",
            "form": self.form,
            "errors": list(self.errors),
            "note": self.note,
        }
        if "malformed_document" not in self.errors:
            fields["signature"] = self.signature
        for name in ("reason", "artifact"):
            if getattr(self, name):
                fields[name] = getattr(self, name)
        return fields


def printed(document: Any) -> bytes:
    """A document as fixtures are written."""
    return (pretty(document) + "\n").encode()


def dense(document: Any) -> bytes:
    """A document without any white space."""
    return compact(document).encode()


def edited(document: Any, old: str, new: str) -> bytes:
    """A printed document in which a text that is there once is replaced by another.

    Raises:
        ValueError: the text is not there, or more than once.
    """
    text = printed(document).decode()
    if text.count(old) != 1:
        raise ValueError(f"{old!r} is there {text.count(old)} times.")
    return text.replace(old, new).encode("utf-8", "surrogatepass")
