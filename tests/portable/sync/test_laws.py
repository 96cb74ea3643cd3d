# SPDX-License-Identifier: AGPL-3.0-only
"""The laws of folder sync: whatever machines do, in whatever order they exchange it and however
little of it arrives at a time, in the end they have the same memories."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from memoryoss_mcp.model import ReviewAction

from .support import Machine, copy, exchange, machines

STEPS = (
    "say", "say", "reword", "reword", "tag", "confirm", "reject", "forget", "use",
    "export", "export", "import", "import", "copy", "copy", "copy",
)  # fmt: skip
some_steps = st.lists(
    st.tuples(st.sampled_from(STEPS), st.integers(0, 3), st.randoms(use_true_random=False)),
    min_size=4,
    max_size=30,
)


def step(what: str, machine: Machine, others: list[Machine], chance: random.Random) -> None:
    """Do one thing to a machine."""
    keys = sorted(machine.memories())
    if what == "say":
        machine.say(f"word{chance.randrange(5)}", seed=None)
    elif what == "export":
        machine.export()
    elif what == "import":
        machine.import_()
    elif what == "copy":
        copy(chance.choice(others), machine, pick=lambda _: chance.random() < 0.6)
    elif keys:
        key = chance.choice(keys)
        if what == "reword":
            machine.reword(key, f"other{chance.randrange(4)}")
        elif what == "tag":
            machine.tag(key, f"t{chance.randrange(4)}")
        elif what == "confirm":
            machine.decide(key, ReviewAction.CONFIRM)
        elif what == "reject":
            machine.decide(key, ReviewAction.REJECT)
        elif what == "use":
            machine.use(key)
        else:
            machine.forget(key)


@settings(max_examples=25)
@given(count=st.integers(2, 4), steps=some_steps)
def test_machines_agree_in_the_end(count: int, steps: list[tuple[str, int, random.Random]]) -> None:
    with tempfile.TemporaryDirectory() as folder, machines(Path(folder), count) as found:
        first = found[0].say("the first memory")
        exchange(*found)
        assert all(first in machine.memories() for machine in found)
        for what, number, chance in steps:
            machine = found[number % count]
            others = [other for other in found if other is not machine]
            step(what, machine, others, chance)
        exchange(*found)
        assert all(machine.states() == found[0].states() for machine in found)
        for machine in found:
            before = machine.states()
            done = machine.reread()
            assert done.chunks
            assert machine.states() == before
            assert not any((done.created, done.replaced, done.merged, done.conflicts))
            assert not machine.export().records


@settings(max_examples=20)
@given(steps=some_steps, order=st.randoms(use_true_random=False))
def test_the_order_in_which_chunks_arrive_does_not_matter(
    steps: list[tuple[str, int, random.Random]], order: random.Random
) -> None:
    with tempfile.TemporaryDirectory() as folder, machines(Path(folder), 5) as found:
        *writers, at_once, bit_by_bit = found
        writers[0].say("the first memory")
        exchange(*writers)
        for what, number, chance in steps:
            writer = writers[number % 3]
            step(what, writer, [other for other in writers if other is not writer], chance)
        for writer in writers:
            writer.export()
            copy(writer, at_once)
        at_once.import_()
        total = len(at_once.files())
        places = list(range(total))
        order.shuffle(places)
        while places:
            batch = {places.pop() for _ in range(min(len(places), order.randrange(1, 4)))}
            copy(at_once, bit_by_bit, pick=batch.__contains__)
            bit_by_bit.import_()
        assert bit_by_bit.states() == at_once.states()
