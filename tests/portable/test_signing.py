# SPDX-License-Identifier: AGPL-3.0-only
"""A signed bundle is that of its signer down to the last byte, or it is not trusted."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from memoryoss_mcp.errors import MemoryOSSError
from memoryoss_mcp.portable.artifact import open_artifact
from memoryoss_mcp.portable.integrity import verify
from memoryoss_mcp.portable.signing import decide, sign_bundle, sign_sidecar
from memoryoss_mcp.portable.trust.fabric import Fabric
from memoryoss_mcp.portable.trust.identity import Kind
from tests.portable import samples, stores
from tests.store import support

FLIPS = int(os.environ.get("MEMORYOSS_FLIPS", "1500"))
"""Bytes that are changed, one at a time: 10,000 in the long form (see benchmarks/README.md)."""


@pytest.fixture
def fabric(tmp_path: Path) -> Iterator[Fabric]:
    with support.opened(tmp_path / "memoryoss.db") as store:
        yield Fabric(store, tmp_path / "keys", "a secret of an installation of the original")


def document() -> dict[str, Any]:
    memories = [
        samples.memory(
            "Tabs\tand \x1f control \\ characters, ü 😀.", 1, confidence=0.000001, tags=["é", "b"]
        ),
        samples.memory("The port is 8443.", 2, review_events=[samples.review()], agent="claude"),
    ]
    return samples.passport(*memories)


def status(data: bytes, fabric: Fabric) -> str:
    """What becomes of bytes: ``refused`` where they are no sound document."""
    try:
        artifact = open_artifact(data)
        verdict = verify(artifact)
    except MemoryOSSError:
        return "refused"
    if not verdict.valid:
        return "refused"
    return decide(artifact, fabric).status.value


def test_every_changed_byte_is_noticed(fabric: Fabric) -> None:
    first = sign_bundle(samples.opened(document()), fabric)
    author = fabric.register_own(Kind.AUTHOR, "Mara")
    data = stores.data(sign_bundle(first, fabric, author.id))
    assert status(data, fabric) == "trusted"
    chance = random.Random(20_260_313)
    trusted = []
    for _ in range(FLIPS):
        place = chance.randrange(len(data))
        changed = bytearray(data)
        changed[place] ^= chance.randrange(1, 256)
        if status(bytes(changed), fabric) == "trusted":
            trusted.append((place, data[place], changed[place]))
    assert trusted == []


def test_every_byte_counts_even_where_json_would_say_the_same(fabric: Fabric) -> None:
    data = stores.data(sign_bundle(samples.opened(document()), fabric)).decode()
    same = (
        ("\\u001f", "\\u001F"),
        ("1e-6", "1E-6"),
        ("1e-6", "0.000001"),
        ("é", "\\u00e9"),
        ('"algorithm":"sha256"', '"algorithm":"SHA256"'),
    )
    for one, other in same:
        assert one in data
        changed = data.replace(one, other)
        assert json.loads(changed.lower()) == json.loads(data.lower())
        assert status(changed.encode(), fabric) != "trusted"
    spaced = json.dumps(json.loads(data), ensure_ascii=False, indent=1)
    assert "1e-06" in spaced
    assert status(spaced.replace("1e-06", "1e-6").encode(), fabric) == "trusted", "white space"


def test_who_signed_before_stays_in_the_chain(fabric: Fabric) -> None:
    author = fabric.register_own(Kind.AUTHOR, "Mara")
    once = sign_bundle(samples.opened(document()), fabric)
    twice = stores.sent(sign_bundle(stores.sent(once), fabric, author.id))
    chain = twice.header["signature"]["chain"]
    assert [link["identity"] for link in chain] == [fabric.own_device().id, author.id]
    assert decide(twice, fabric).verified


@pytest.mark.parametrize(
    "change",
    [
        lambda signature: signature["chain"].pop(0),
        lambda signature: signature["chain"].pop(),
        lambda signature: signature["chain"].reverse(),
        lambda signature: signature["chain"].append(signature["chain"][0]),
        lambda signature: signature["chain"][0].update(identity="author:" + "0" * 32),
        lambda signature: signature["chain"][0].update(at="2020-01-01T00:00:00Z"),
        lambda signature: signature["chain"][0].update(extra=1),
        lambda signature: signature.update(chain=[]),
        lambda signature: signature.pop("chain"),
        lambda signature: signature.pop("value"),
        lambda signature: signature.pop("public_key"),
        lambda signature: signature.pop("signed_at"),
        lambda signature: signature.update(scheme="unsigned"),
        lambda signature: signature.update(scheme="memoryoss.hmac-sha256.v1"),
        lambda signature: signature.update(extra="x"),
    ],
    ids=range(15),
)
def test_a_forged_or_stripped_chain_is_never_trusted(fabric: Fabric, change: Any) -> None:
    author = fabric.register_own(Kind.AUTHOR, "Mara")
    once = sign_bundle(samples.opened(document()), fabric)
    signed = json.loads(stores.data(sign_bundle(once, fabric, author.id)))
    change(signed["signature"])
    # Whoever forges can make the digest of the envelope anew: it is no secret.
    forged = samples.rehashed(signed, nested=False)
    data = json.dumps(forged, ensure_ascii=False, separators=(",", ":")).encode()
    assert status(data, fabric) in {"invalid_signature", "refused"}


def test_what_nobody_signed_is_unsigned_and_a_stranger_is_unknown(
    fabric: Fabric, tmp_path: Path
) -> None:
    assert status(samples.data(samples.envelope(document())), fabric) == "unsigned"
    with support.opened(tmp_path / "other.db") as store:
        stranger = Fabric(store, tmp_path / "other-keys")
        data = stores.data(sign_bundle(samples.opened(document()), stranger))
        assert status(data, stranger) == "trusted"
        assert status(data, fabric) == "unknown_identity"
        fabric.register_key(
            Kind.DEVICE, "Laptop", bytes.fromhex(stranger.own_device().public_key.hex())
        )
    assert status(data, fabric) == "trusted"


def test_a_signature_beside_a_document_is_for_all_of_it(fabric: Fabric) -> None:
    passport = samples.opened(document())
    sidecar = sign_sidecar(passport, fabric)
    assert decide(passport, fabric, sidecar).verified
    more = samples.opened(document() | {"colour": "blue"})
    assert decide(more, fabric, sidecar).status.value == "invalid_signature"
    assert decide(passport, fabric, None).status.value == "unsigned"


def test_the_original_reads_what_is_signed_its_way(fabric: Fabric) -> None:
    fabric.register_name("device:local-runtime", Kind.DEVICE, "Local runtime")
    signed = sign_bundle(samples.opened(document()), fabric, "device:local-runtime", legacy=True)
    data = stores.data(signed)
    assert status(data, fabric) == "trusted"
    assert status(data.replace(b"8443", b"8444"), fabric) == "refused"
    other = Fabric(None, None, "another secret, long enough to be one")
    assert status(data, other) != "trusted"
