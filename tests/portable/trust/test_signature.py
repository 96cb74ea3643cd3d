# SPDX-License-Identifier: AGPL-3.0-only
"""A signature covers its document, itself and its chain: whatever is changed, it is not trusted."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.portable.canonical import loads
from memoryoss_mcp.portable.trust.decision import TrustStatus
from memoryoss_mcp.portable.trust.fabric import Fabric
from memoryoss_mcp.portable.trust.identity import Kind, identity_id
from memoryoss_mcp.portable.trust.signature import (
    CATALOG,
    ED25519,
    Signature,
    SignatureError,
    check,
    read,
    sign,
)
from memoryoss_mcp.vault.signing import Signer
from tests.portable.trust.support import AT, CONTENT, SUBJECT, Place, digest, installed

OTHER_SUBJECT = f"history:{SUBJECT.partition(':')[2]}"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with installed(tmp_path_factory.mktemp("installation")) as opened:
        yield opened


@pytest.fixture(scope="module")
def signed(place: Place) -> Signature:
    """Signed by three identities of the installation, one after another, all of them known."""
    first = place.fabric.sign(subject="passport:old", content=CONTENT, at=AT)
    ann = place.fabric.register_own(Kind.AUTHOR, "Ann")
    second = place.fabric.sign(
        ann.id, subject="passport:older", content=CONTENT, previous_chain=first.chain
    )
    peer = place.fabric.register_own(Kind.SYNC_PEER, "Laptop")
    return place.fabric.sign(
        peer.id, subject=SUBJECT, content=CONTENT, at=AT, previous_chain=second.chain
    )


def status(
    fabric: Fabric, document: object, subject: str = SUBJECT, content: str = CONTENT
) -> TrustStatus:
    return fabric.decide(document, subject=subject, content=content).status


# What holds -----------------------------------------------------------------------------------


def test_both_forms_of_a_signature_are_trusted(place: Place, signed: Signature) -> None:
    assert len(signed.chain) == 3
    for document in (signed.sidecar(), signed.embedded()):
        assert read(document) == signed
        assert status(place.fabric, json.loads(json.dumps(document))) is TrustStatus.TRUSTED
    decision = place.fabric.decide(signed.embedded(), subject=SUBJECT, content=CONTENT)
    assert decision.verified
    assert decision.signature == signed.sidecar()


def test_signing_again_keeps_the_links_of_those_who_signed_before(signed: Signature) -> None:
    assert [link.kind for link in signed.chain] == [Kind.DEVICE, Kind.AUTHOR, Kind.SYNC_PEER]
    assert signed.chain[-1].identity == signed.identity


def test_what_nobody_signed_is_unsigned(place: Place) -> None:
    documents: list[object] = [
        None,
        {"scheme": "unsigned"},
        {"scheme": "unsigned", "signable": True},
        {"scheme": "unsigned", "signer": None, "signable": True, "value": None, "chain": []},
    ]
    for document in documents:
        assert status(place.fabric, document) is TrustStatus.UNSIGNED


def test_nobody_is_known_without_a_memory_file(signed: Signature, tmp_path: Path) -> None:
    for fabric in (Fabric(None, None), Fabric(None, tmp_path / "keys")):
        decision = fabric.decide(signed.sidecar(), subject=SUBJECT, content=CONTENT)
        assert decision.status is TrustStatus.UNKNOWN
        assert decision.document()["origin"] == "unknown_signer"
    assert list(tmp_path.iterdir()) == []


# What does not --------------------------------------------------------------------------------

EDITS: dict[str, Callable[[dict[str, Any]], object]] = {
    "the value is gone": lambda d: d.pop("value"),
    "the value is null": lambda d: d.update(value=None),
    "the value is empty": lambda d: d.update(value=""),
    "the value is of a link": lambda d: d.update(value=d["chain"][-1]["value"]),
    "the value in capitals": lambda d: d.update(value=d["value"].upper()),
    "the scheme is gone": lambda d: d.pop("scheme"),
    "the scheme is unsigned": lambda d: d.update(scheme="unsigned"),
    "the scheme is of the original": lambda d: d.update(scheme="memoryoss.hmac-sha256.v1"),
    "the scheme is new": lambda d: d.update(scheme="memoryoss.ed25519.v2"),
    "the scheme is a list": lambda d: d.update(scheme=[ED25519]),
    "the key is gone": lambda d: d.pop("public_key"),
    "the key is that of another link": lambda d: d.update(public_key=d["chain"][0]["public_key"]),
    "another signer": lambda d: d.update(identity=d["chain"][0]["identity"]),
    "another kind": lambda d: d.update(kind="author"),
    "no kind": lambda d: d.update(kind="nobody"),
    "another time": lambda d: d.update(signed_at="2026-03-13T00:00:01Z"),
    "the same time in another form": lambda d: d.update(signed_at="2026-03-13T00:00:00.000Z"),
    "a time without offset": lambda d: d.update(signed_at="2026-03-13T00:00:00"),
    "a day": lambda d: d.update(signed_at="2026-03-13"),
    "a number as time": lambda d: d.update(signed_at=1773360000),
    "both forms at once": lambda d: d.update(signer=d["identity"]),
    "one field more": lambda d: d.update(note="trust me"),
    "the chain is gone": lambda d: d.pop("chain"),
    "the chain is empty": lambda d: d.update(chain=[]),
    "the chain is an object": lambda d: d.update(chain={}),
    "the first link is gone": lambda d: d["chain"].pop(0),
    "the middle link is gone": lambda d: d["chain"].pop(1),
    "the last link is gone": lambda d: d["chain"].pop(),
    "only the last link is left": lambda d: d["chain"].__delitem__(slice(0, 2)),
    "two links change places": lambda d: d["chain"].insert(0, d["chain"].pop(1)),
    "a link is there twice": lambda d: d["chain"].insert(1, d["chain"][0]),
    "the last link is there twice": lambda d: d["chain"].append(d["chain"][-1]),
    "a link of the original": lambda d: d["chain"].insert(
        0, {"identity": "author:ann", "kind": "author", "action": "sign", "at": AT}
    ),
    "another action": lambda d: d["chain"][0].update(action="approve"),
    "an earlier time in a link": lambda d: d["chain"][0].update(at="2020-01-01T00:00:00Z"),
    "another signer of a link": lambda d: d["chain"][0].update(identity=d["identity"]),
    "a link without value": lambda d: d["chain"][0].pop("value"),
    "a link with a note": lambda d: d["chain"][0].update(note="x"),
    "a link is a text": lambda d: d["chain"].__setitem__(0, "sign"),
    "half of a character": lambda d: d.update(identity="author:\ud800"),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_signature_that_was_changed_is_invalid(
    place: Place, signed: Signature, name: str
) -> None:
    document = copy.deepcopy(signed.sidecar())
    EDITS[name](document)
    assert status(place.fabric, document) is TrustStatus.INVALID


@pytest.mark.parametrize(
    "claim",
    [
        {"signer": "device:x"},
        {"identity": "device:x"},
        {"identity_kind": "device"},
        {"signed_at": AT},
        {"value": "00"},
        {"public_key": "00"},
        {"chain": [{}]},
        {"signable": "yes"},
    ],
)
def test_what_is_unsigned_and_speaks_of_a_signature_is_invalid(
    place: Place, claim: dict[str, Any]
) -> None:
    assert status(place.fabric, {"scheme": "unsigned", **claim}) is TrustStatus.INVALID


@pytest.mark.parametrize("document", [1, "x", [], {}, {"scheme": None}, True, {"value": "ab"}])
def test_what_is_no_signature_is_invalid(place: Place, document: object) -> None:
    assert status(place.fabric, document) is TrustStatus.INVALID


def test_a_signature_is_for_one_document(place: Place, signed: Signature) -> None:
    document = signed.sidecar()
    assert status(place.fabric, document, OTHER_SUBJECT) is TrustStatus.INVALID
    assert status(place.fabric, document, content=digest("else")) is TrustStatus.INVALID
    decision = place.fabric.decide(document, subject=SUBJECT, content=CONTENT, domain=CATALOG)
    assert decision.status is TrustStatus.INVALID


def test_an_unsigned_envelope_is_not_to_be_signed_in_silence(
    place: Place, signed: Signature
) -> None:
    for signable in (False, None, 1, "true"):
        document = signed.embedded() | {"signable": signable}
        assert status(place.fabric, document) is TrustStatus.INVALID


@given(data=st.data())
def test_no_changed_byte_is_trusted(place: Place, signed: Signature, data: st.DataObject) -> None:
    text = json.dumps(data.draw(st.sampled_from((signed.sidecar(), signed.embedded()))))
    changed = bytearray(text.encode())
    spot = data.draw(st.integers(0, len(changed) - 1))
    changed[spot] = data.draw(st.integers(0, 255).filter(lambda byte: byte != changed[spot]))
    try:
        document = loads(bytes(changed))
    except InvalidInputError:
        return
    if document == json.loads(text):  # white space, or another spelling of the same text
        return
    assert status(place.fabric, document) is not TrustStatus.TRUSTED


def _places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value below a document."""
    parts: Any = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        parts = enumerate(value)
    for key, part in parts:
        yield (*path, key)
        yield from _places(part, (*path, key))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(data=st.data())
def test_no_changed_value_is_trusted(place: Place, signed: Signature, data: st.DataObject) -> None:
    document = copy.deepcopy(data.draw(st.sampled_from((signed.sidecar(), signed.embedded()))))
    before = copy.deepcopy(document)
    *way, last = data.draw(st.sampled_from(list(_places(document))))
    parent: Any = document
    for step in way:
        parent = parent[step]
    if data.draw(st.booleans()):
        del parent[last]
    else:
        others = [before[name] for name in ("value", "signed_at", "chain")]
        parent[last] = data.draw(JSON | st.sampled_from(others + before["chain"]))
    if document != before:
        assert status(place.fabric, document) is not TrustStatus.TRUSTED


@given(data=st.data())
def test_no_other_order_or_choice_of_links_is_trusted(
    place: Place, signed: Signature, data: st.DataObject
) -> None:
    document = signed.sidecar()
    chain = data.draw(st.lists(st.sampled_from(document["chain"]), max_size=5))
    if chain == document["chain"]:
        return
    newest = chain[-1] if chain else {}
    top = {name: newest[name] for name in ("identity", "kind", "public_key") if newest}
    time = {"signed_at": newest["at"]} if newest else {}
    forged = document | top | time | {"chain": chain}
    assert status(place.fabric, forged) is TrustStatus.INVALID
    if newest:
        assert status(place.fabric, forged | {"value": newest["value"]}) is TrustStatus.INVALID


# What a stranger can do -----------------------------------------------------------------------


@pytest.fixture
def stranger(tmp_path: Path) -> Signer:
    return Signer.load(tmp_path / "stranger.key")


def test_a_stranger_who_signs_what_others_signed_stays_a_stranger(
    place: Place, signed: Signature, stranger: Signer
) -> None:
    identity = identity_id(Kind.AUTHOR, stranger.public_key)
    taken = sign(
        stranger,
        identity,
        Kind.AUTHOR,
        subject=SUBJECT,
        content=CONTENT,
        at=AT,
        chain=signed.chain,
    )
    assert status(place.fabric, taken.sidecar()) is TrustStatus.UNKNOWN


def test_nobody_signs_under_the_id_of_another(
    place: Place, signed: Signature, stranger: Signer
) -> None:
    forged = sign(stranger, signed.identity, signed.kind, subject=SUBJECT, content=CONTENT, at=AT)
    assert status(place.fabric, forged.sidecar()) is TrustStatus.INVALID


def test_nobody_puts_a_link_of_another_before_his_own(
    place: Place, signed: Signature, stranger: Signer
) -> None:
    """The links of one document do not go with another one."""
    with pytest.raises(SignatureError, match="chain"):
        place.fabric.sign(subject=SUBJECT, content=digest("else"), previous_chain=signed.chain)
    with pytest.raises(SignatureError, match="chain"):
        place.fabric.sign(subject=SUBJECT, content=CONTENT, previous_chain=signed.chain[1:])
    bare = sign(
        stranger,
        identity_id(Kind.DEVICE, stranger.public_key),
        Kind.DEVICE,
        subject=SUBJECT,
        content=CONTENT,
        at=AT,
    )
    document = bare.sidecar()
    document["chain"] = [signed.chain[0].document(), *document["chain"]]
    assert status(place.fabric, document) is TrustStatus.INVALID


def test_links_of_the_original_are_left_out_when_we_sign(place: Place) -> None:
    old = read(
        {
            "scheme": "memoryoss.hmac-sha256.v1",
            "identity": "author:ann",
            "kind": "author",
            "signed_at": AT,
            "value": digest("x"),
            "chain": [{"identity": "author:ann", "kind": "author", "action": "sign", "at": AT}],
        }
    )
    assert old is not None
    made = place.fabric.sign(subject=SUBJECT, content=CONTENT, previous_chain=old.chain)
    assert len(made.chain) == 1
    assert status(place.fabric, made.sidecar()) is TrustStatus.TRUSTED


def test_a_signature_needs_a_time(place: Place) -> None:
    for at in ("2026-03-13", "2026-03-13T00:00:00", "now", "2026-13-01T00:00:00Z"):
        with pytest.raises(SignatureError, match="RFC 3339"):
            place.fabric.sign(subject=SUBJECT, content=CONTENT, at=at)


def test_the_values_are_those_that_the_module_describes(signed: Signature) -> None:
    """Made anew from the description alone, so that others can write what we read."""

    def canonical(value: object) -> bytes:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    from memoryoss_mcp.vault.signing import verify

    previous = None
    for link in signed.sidecar()["chain"]:
        fields = {name: link[name] for name in ("identity", "kind", "action", "at", "public_key")}
        message = canonical(fields | {"scheme": ED25519, "content": CONTENT, "previous": previous})
        value = bytes.fromhex(link["value"])
        assert verify(bytes.fromhex(link["public_key"]), "artifact-link", message, value)
        previous = digest(canonical(link).decode())
    document = signed.sidecar()
    fields = {n: document[n] for n in ("scheme", "identity", "kind", "signed_at", "public_key")}
    chain = digest(canonical(document["chain"]).decode())
    message = canonical(fields | {"subject": SUBJECT, "content": CONTENT, "chain": chain})
    value = bytes.fromhex(document["value"])
    assert verify(bytes.fromhex(document["public_key"]), "artifact-signature", message, value)
    check(signed, SUBJECT, CONTENT)
