# SPDX-License-Identifier: AGPL-3.0-only
"""Descriptors of peers are signed as a whole."""

from __future__ import annotations

from typing import Any

import pytest

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.portable.trust.peers import descriptor, digests
from tests.portable.trust.support import Place

PEER = {
    "peer_id": "peer-1",
    "namespace": "demo",
    "endpoint": "https://peer.example/sync",
    "device_label": "Laptop",
}


def test_the_golden_vector_has_its_subject() -> None:
    subject, _ = digests(PEER)
    assert subject == "sync_peer:0865ce6bf8f6015d3bddc0df5c75591d0cdd9c6455ef3b66d5254709631c87c2"
    assert digests(dict(reversed(PEER.items()))) == digests(PEER)


def test_a_signed_descriptor_is_trusted_until_it_is_changed(here: Place) -> None:
    subject, content = digests(PEER)
    signed = here.fabric.sign(subject=subject, content=content).sidecar()
    assert here.fabric.decide(signed, subject=subject, content=content).verified
    for name, value in PEER.items():
        changed, other = digests(PEER | {name: value + "x"})
        assert not here.fabric.decide(signed, subject=changed, content=other).verified


@pytest.mark.parametrize(
    "document",
    [None, [], {}, PEER | {"port": "1"}, PEER | {"endpoint": 1}, PEER | {"peer_id": " "}],
)
def test_what_is_no_descriptor_is_refused(document: Any) -> None:
    with pytest.raises(InvalidInputError, match="peer_id"):
        descriptor(document)
