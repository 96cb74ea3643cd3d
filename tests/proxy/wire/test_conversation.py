# SPDX-License-Identifier: AGPL-3.0-only
"""What every wire form keeps: the client's bytes, the keys of turns, the provider's cache."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memoryoss_proxy.wire import FORMS
from memoryoss_proxy.wire.conversation import without_blocks
from memoryoss_proxy.wire.errors import MalformedRequestError

BLOCK = '<memory_context>\n<summary>Größe "3" \\ 😀</summary>\n</memory_context>'
forms = pytest.mark.parametrize("form", list(FORMS))
LIST = {"openai_chat": "messages", "openai_responses": "input", "anthropic": "messages"}
TEXT = {"openai_chat": "text", "openai_responses": "input_text", "anthropic": "text"}
WORDS = ["Deploy", "größer", "日本語", "👩‍🚀", '"quoted"', "a\\b", "\n", "</memory>", "1.0"]


def exchange(form: str, rng: random.Random, number: int) -> Iterator[dict[str, Any]]:
    """A user's turn and all that an assistant and its tools answer, as the form has it."""

    def text() -> str:
        return " ".join(rng.choices(WORDS, k=rng.randint(1, 9))) + f" {number}"

    images: dict[str, dict[str, Any]] = {
        "openai_chat": {"type": "image_url", "image_url": {"url": "data:image/png;base64,aWk="}},
        "openai_responses": {"type": "input_image", "image_url": "data:image/png;base64,aWk="},
        "anthropic": {"type": "image", "source": {"type": "base64", "data": "aWk="}},
    }
    image = images[form]
    parts: list[dict[str, Any]] = [{"type": TEXT[form], "text": text()}]
    if rng.random() < 0.4:
        parts.insert(rng.randint(0, 1), image)
    user: dict[str, Any] = {"role": "user", "content": rng.choice([text(), parts])}
    yield user
    calls = rng.randint(0, 2)
    arguments = {"path": text(), "depth": 1.5}
    if form == "openai_chat":
        for call in range(calls):
            called = {"name": "read", "arguments": json.dumps(arguments)}
            listed = [{"id": f"c{number}.{call}", "type": "function", "function": called}]
            yield {"role": "assistant", "content": None, "tool_calls": listed}
            yield {"role": "tool", "tool_call_id": f"c{number}.{call}", "content": text()}
        yield {"role": "assistant", "content": text()}
    elif form == "openai_responses":
        for call in range(calls):
            link = {"call_id": f"c{number}.{call}"}
            yield {"type": "reasoning", "id": f"rs{number}", "encrypted_content": "c2VhbGVk"}
            yield link | {"type": "function_call", "name": "read", "arguments": text()}
            yield link | {"type": "function_call_output", "output": text()}
        part = {"type": "output_text", "text": text(), "annotations": []}
        yield {"type": "message", "role": "assistant", "content": [part]}
    else:
        for call in range(calls):
            link_id = f"c{number}.{call}"
            thinking = {"type": "thinking", "thinking": text(), "signature": "c2ln"}
            use = {"type": "tool_use", "id": link_id, "name": "read", "input": arguments}
            yield {"role": "assistant", "content": [thinking, use]}
            result = {"type": "tool_result", "tool_use_id": link_id, "content": text()}
            yield {"role": "user", "content": [result]}
        yield {"role": "assistant", "content": [{"type": "text", "text": text()}]}


def requests(form: str, seed: int, turns: int = 20) -> Iterator[tuple[list[str], str]]:
    """The requests of one conversation: its messages as the client writes them, and the rest of
    the body in front of them."""
    rng = random.Random(seed)
    style = {"ensure_ascii": rng.random() < 0.5, "indent": rng.choice([None, 1])}
    written: list[str] = []
    if form == "openai_chat" and rng.random() < 0.7:
        written.append(json.dumps({"role": "system", "content": "Be brief."}))
    head = json.dumps({"model": "m", "stream": True, "max_tokens": 100})[:-1]
    for number in range(turns):
        for message in exchange(form, rng, number):
            if message.get("role") != "assistant" and message.get("type") != "reasoning":
                written.append(json.dumps(message, **style))  # type: ignore[arg-type]
                yield list(written), head
            else:
                written.append(json.dumps(message, **style))  # type: ignore[arg-type]


def body(form: str, messages: list[str], head: str) -> bytes:
    return f'{head}, "{LIST[form]}": [{", ".join(messages)}'.encode() + b"]}"


@forms
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_a_request_is_a_prefix_of_the_next_one(form: str, seed: int) -> None:
    blocks: dict[str, str] = {}
    before = b""
    turns = 0
    for messages, head in requests(form, seed):
        conversation = FORMS[form].read(body(form, messages, head))
        keys = [turn.key for turn in conversation.turns]
        assert len(set(keys)) == len(keys)
        assert set(blocks) <= set(keys)
        if conversation.fresh and random.Random(seed + len(keys)).random() < 0.7:
            blocks[keys[-1]] = f"{BLOCK[:16]}{len(blocks)}{BLOCK[16:]}"
        chosen = {index: blocks[key] for index, key in enumerate(keys) if key in blocks}
        sent = conversation.with_blocks(chosen)
        shown = sent.removesuffix(b"]}")
        assert shown.startswith(before)
        assert shown.count(b"<memory_context>") == len(blocks)
        assert json.loads(sent)["model"] == "m"
        before = shown
        turns = len(keys)
    assert turns == 20


@forms
@given(seed=st.integers(0, 2**32))
def test_the_form_of_the_json_does_not_change_a_key(form: str, seed: int) -> None:
    rng = random.Random(seed)
    *_, (messages, head) = requests(form, seed, turns=5)
    conversation = FORMS[form].read(body(form, messages, head))
    values = [json.loads(message) for message in messages]
    for value in values:
        if isinstance(value.get("content"), str) and value["role"] == "user" and rng.random() < 0.5:
            value["content"] = [{"type": TEXT[form], "text": value["content"]}]
        if isinstance(parts := value.get("content"), list) and rng.random() < 0.5:
            parts[-1] = {"cache_control": {"type": "ephemeral"}, **parts[-1]}
        speaks = isinstance(parts, list) and any(part["type"] == TEXT[form] for part in parts)
        if value.get("role") == "user" and speaks and rng.random() < 0.5:
            parts.append({"type": TEXT[form], "text": BLOCK})
    values.insert(0, {"role": "developer", "content": f"It is {seed}."})
    turned = [dict(reversed(value.items())) for value in values]
    other = FORMS[form].read(json.dumps({LIST[form]: turned}, indent=2).encode())
    assert [turn.key for turn in other.turns] == [turn.key for turn in conversation.turns]
    assert [turn.text for turn in other.turns] == [turn.text for turn in conversation.turns]


@forms
def test_numbers_and_escapes_do_not_change_a_key(form: str) -> None:
    def key(text: str, number: str) -> str:
        raw = f'{{"{LIST[form]}":[{{"role":"user","content":"{text}","n":{number}}}]}}'
        return FORMS[form].read(raw.encode()).turns[0].key

    assert key("größe", "1") == key(r"gr\u00f6\u00dfe", "1.0") == key("größe", "10e-1")
    assert key("größe", "1") != key("große", "1")
    assert key("größe", "1") != key("größe", "2")


@forms
def test_no_blocks_are_the_very_same_bytes(form: str) -> None:
    raw = f'{{"{LIST[form]}":[{{"role":"user","content":"x"}}]}}'.encode()
    conversation = FORMS[form].read(raw)
    assert conversation.with_blocks({}) is raw
    assert conversation.with_blocks({0: ""}) is raw


@forms
def test_every_other_byte_is_the_clients(form: str) -> None:
    name, kind = LIST[form], TEXT[form]
    head = (
        '\ufeff{\n "temperature": 1.0, "x":1E5,"seed":123456789012345678901234567890, '
        f'"a":"\\u00e4\\/", "a": [ ],\t"{name}":[0], "{name}" : [ '
        '{"content" : "old", "role":"user", "content": "\\u00e4 \\ud83d\\ude00 ü'
    )
    middle = (
        '" } ,{"role":"assistant","content":"o\\u006b"},\r\n'
        f' {{"role":"user","content":[{{"type":"{kind}","text":"go","z":0.10}} '
    )
    tail = ' ] } ]\n,"tools":[{"b":1,"a":-0.0}] } \n'
    conversation = FORMS[form].read((head + middle + tail).encode())
    assert [turn.text for turn in conversation.turns] == ["ä 😀 ü", "go"]
    quoted = json.dumps(BLOCK)[1:-1]
    sent = conversation.with_blocks({1: BLOCK, 0: BLOCK}).decode()
    # The part goes right behind the last one, before the client's white space.
    part = f',{{"type":"{kind}","text":"{quoted}"}}'
    assert sent == f"{head}\\n\\n{quoted}{middle.removesuffix(' ')}{part} {tail}"
    values = json.loads(sent.removeprefix("\ufeff"))[name]
    assert values[0]["content"] == f"ä 😀 ü\n\n{BLOCK}"
    assert values[2]["content"][1] == {"type": kind, "text": BLOCK}


@forms
def test_a_block_that_comes_back_is_not_doubled(form: str) -> None:
    name, kind = LIST[form], TEXT[form]
    part = {"type": kind, "text": "And then?"}
    plain = [
        {"role": "user", "content": "What is heron?"},
        {"role": "assistant", "content": "A database."},
        {"role": "user", "content": [part]},
    ]
    first = FORMS[form].read(json.dumps({name: plain}).encode())
    echoed = first.with_blocks({0: BLOCK, 1: BLOCK})
    second = FORMS[form].read(echoed)
    assert [(turn.key, turn.text) for turn in second.turns] == [
        (turn.key, turn.text) for turn in first.turns
    ]
    assert second.with_blocks({0: BLOCK, 1: BLOCK}) is echoed
    assert second.messages == first.messages


@forms
def test_a_new_conversation_has_keys_of_its_own(form: str) -> None:
    def keys(*texts: str) -> list[str]:
        messages = [{"role": "user", "content": text} for text in texts]
        raw = json.dumps({LIST[form]: messages}).encode()
        return [turn.key for turn in FORMS[form].read(raw).turns]

    assert keys("a", "b")[0] == keys("a")[0]
    assert keys("a", "b")[1] != keys("c", "b")[1]
    assert keys("ab", "c")[1] != keys("a", "bc")[1]


def test_blocks_are_taken_out_of_a_text() -> None:
    assert without_blocks(f"a\n\n{BLOCK}") == "a"
    assert without_blocks(f"a\n\n\n\n{BLOCK} b {BLOCK}") == "a\n\n b "
    assert without_blocks("What is <memory_context>?") == "What is <memory_context>?"
    assert without_blocks("a </memory_context> b") == "a </memory_context> b"
    assert without_blocks(f"Is <memory_context good?\n\n{BLOCK}") == "Is <memory_context good?"
    hostile = "<memory_context" * 50_000 + "</memory_context>" * 50_000
    assert len(without_blocks(hostile)) < len(hostile)


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["user", "assistant", "tool", "message", "text", "input_text", "tool_use"])
    | st.sampled_from(["function_call", "function_call_output", "reasoning", "tool_result"])
    | st.sampled_from(["\ud800", "\x00", BLOCK]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "role",
                    "content",
                    "type",
                    "text",
                    "tool_calls",
                    "function",
                    "name",
                    "arguments",
                    "function_call",
                    "input",
                    "output",
                    "custom",
                    "cache_control",
                    "tool_use_id",
                    "id",
                    "summary",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)
messages_of_a_kind = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "system", "tool", "function"])},
        optional={
            "content": anything
            | st.lists(
                st.fixed_dictionaries(
                    {"type": st.sampled_from(["text", "input_text", "tool_result", "tool_use"])},
                    optional=dict.fromkeys(
                        ("text", "content", "input", "name", "output"), anything
                    ),
                ),
                max_size=3,
            ),
            "tool_calls": anything,
            "function_call": anything,
            "type": anything,
        },
    ),
    max_size=4,
)


@forms
@given(messages=anything | messages_of_a_kind, more=st.dictionaries(st.text(max_size=3), anything))
def test_any_json_is_read_or_refused(form: str, messages: Any, more: dict[str, Any]) -> None:
    more |= {
        name: more[key] for key, name in zip(more, ("model", "stream", "system"), strict=False)
    }
    raw = json.dumps(more | {LIST[form]: messages}).encode()
    try:
        conversation = FORMS[form].read(raw)
    except MalformedRequestError:
        return
    for message in conversation.messages:
        message.text.encode()
    for call in conversation.tool_calls:
        call.arguments.encode()
    for index, turn in enumerate(conversation.turns):
        assert turn.text.strip()
        turn.text.encode()
        if turn.place is not None:
            sent = conversation.with_blocks({index: BLOCK})
            again = FORMS[form].read(sent)
            assert again.turns[index].key == turn.key
            assert again.turns[index].place is None


@forms
@pytest.mark.parametrize(
    "raw",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"LIST": null}',
        '{"LIST": {}}',
        '{"LIST": [1]}',
        '{"LIST": [null]}',
        '{"LIST": [{"role": 1}]}',
        '{"LIST": [{"content": "x"}]}',
        '{"LIST": [{"role": "user", "content": 1}]}',
        '{"LIST": [{"role": "user", "content": {}}]}',
        '{"LIST": [{"role": "user", "content": ["x"]}]}',
        '{"LIST": [{"role": "user", "content": [{"text": "x"}]}]}',
        '{"LIST": [{"role": "user", "content": [{"type": ["text"], "text": "x"}]}]}',
        '{"LIST": [{"role": "user", "content": [{"type": "text", "text": 1}]}]}',
        '{"LIST": [{"role": "user", "content": [{"type": "text"}]}]}',
        '{"model": 1, "LIST": []}',
        '{"stream": "yes", "LIST": []}',
    ],
)
def test_a_wrong_shape_is_refused(form: str, raw: str) -> None:
    with pytest.raises(MalformedRequestError):
        FORMS[form].read(raw.replace("LIST", LIST[form]).encode())


@forms
@pytest.mark.parametrize("depth", [50, 300, 600, 900, 1100, 5000, 200_000])
def test_deep_nesting_is_read_or_refused(form: str, depth: int) -> None:
    deep = "[" * depth + '{"cache_control":1}' + "]" * depth
    for name, content in (("x", '"hello"'), ("content", deep)):
        extra = f',"x":{deep}' if name == "x" else ""
        raw = f'{{"{LIST[form]}":[{{"role":"user","content":{content}{extra}}}]}}'.encode()
        try:
            conversation = FORMS[form].read(raw)
        except MalformedRequestError:
            continue
        assert conversation.with_blocks({0: BLOCK}).count(b"memory_context") == 2


@forms
def test_a_request_does_not_show_its_content_in_logs(form: str) -> None:
    word = "unmistakable"
    raw = json.dumps({LIST[form]: [{"role": "user", "content": word}]}).encode()
    conversation = FORMS[form].read(raw)
    assert word not in repr(conversation)
    assert word not in repr(conversation.messages)
