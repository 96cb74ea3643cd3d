# SPDX-License-Identifier: AGPL-3.0-only
"""Let basic-memory write notes of its own and take them apart again.

``python write_notes.py BASIC_MEMORY FOLDER``, with the Python that basic-memory is installed for;
``BASIC_MEMORY`` is its executable. What it makes besides the notes stays in a temporary home.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from basic_memory.markdown.entity_parser import parse

NOTES: tuple[tuple[str, str, str, tuple[str, ...], str], ...] = (
    (
        "Order Service",
        "services",
        "component",
        ("backend", "orders"),
        """# Order Service

Takes orders from the web shop and hands them to the warehouse.

## Observations
- [design] Orders are append-only; a correction is a new row #events #postgres
- [decision] Ids are UUIDv7 so that `ORDER BY id` is chronological (agreed 2026-02-11)
- [limit] A cart holds at most 200 lines
- [gotcha] `order_total_cents` is computed by a trigger, never by the API #postgres
- [tech] Runs on Python 3.13 with uvloop

## Relations
- depends_on [[Warehouse Queue]]
- documented_in [[Runbook for a stuck queue]] (section "replay")
- "is owned by" [[Checkout Team]]
""",
    ),
    (
        "Warehouse Queue",
        "services",
        "component",
        ("backend", "queue"),
        """# Warehouse Queue

## Observations
- [fact] The queue is NATS JetStream, stream name `warehouse.orders`
- [config] max_deliver is 5; after that a message goes to `warehouse.dead`
- [risk] Acks are lost when the consumer restarts within 2 s #incident

## Relations
- feeds [[Warehouse Client]]
- relates_to [[Order Service]]
""",
    ),
    (
        "Runbook for a stuck queue",
        "runbooks",
        "guide",
        ("ops", "runbook"),
        """# Runbook for a stuck queue

When the lag alarm fires:

1. Look at `nats consumer info warehouse orders`.
2. If `num_ack_pending` grows, restart the consumer.
3. Replay the dead letters:

   ```bash
   nats stream get warehouse.dead --last 50 |
       ./bin/replay --dry-run
   ```

Never purge the stream. Purging loses orders that were paid already.

- [lesson] The alarm was silent on 2026-01-03 because a disk was full #incident (post-mortem 17)
- [x] write the alarm for the exporter
- [ ] rehearse once per quarter
""",
    ),
    (
        "Checkout Team",
        "people",
        "team",
        (),
        """# Checkout Team

- [member] Aylin leads, on call in even weeks
- [member] José, backend, only mornings (CET)
- [preference] Reviews are asked for in #checkout-reviews, not by mail
- works_with [[Warehouse Client]]

The team plans on Tuesdays; see [[Order Service]] for what is in flight.
""",
    ),
    (
        "Naming conventions",
        "guides",
        "guide",
        ("style", "python"),
        """# Naming conventions

Use snake_case for functions and `SCREAMING_SNAKE` for constants.

| thing | form | example |
|---|---|---|
| table | singular | `order_line` |
| topic | dotted | `warehouse.orders` |

## Exceptions

- generated code
    - protobuf keeps camelCase
    - never edit `*_pb2.py` by hand
- migrations are named `NNNN_what.sql`
""",
    ),
    (
        "Decision: no ORM",
        "decisions",
        "decision",
        ("adr",),
        """# Decision: no ORM

> We write SQL. Whoever wants an ORM has to bring a query that is easier with one.

## Observations
- [decision] SQL lives in `queries/*.sql`, one statement each #adr
- [consequence] Reviewers read query plans (EXPLAIN ANALYZE)
- [status] accepted

## Relations
- supersedes [[Decision: SQLAlchemy everywhere]]
""",
    ),
    (
        "Kaffee im Büro",
        "notizen",
        "note",
        ("büro", "küche"),
        """# Kaffee im Büro

- [vorliebe] Aylin trinkt Espresso ohne Zucker #kaffee
- [ort] Die Bohnen liegen im Schrank über der Spüle
- [regel] Wer die letzte Kanne nimmt, setzt eine neue auf #küche
""",
    ),
    (
        "Meeting 2026-03-02",
        "meetings",
        "meeting",
        ("weekly",),
        """# Meeting 2026-03-02

[00:12] opened by Aylin
- [00:14] talk about the lag alarm
- [action] José moves the exporter to its own volume #incident (due 2026-03-09)
- [decision] The feature flag `new_cart` is on for 10 % of shops
- plain bullet without a category
- plain bullet with a hashtag #weekly
""",
    ),
    (
        "Warehouse Client",
        "services",
        "component",
        ("backend",),
        """# Warehouse Client

- [api] POST /v2/picks takes at most 50 picks per call
- [api] Answers 409 when a pick is taken; retry with the same idempotency key
- [auth] mutual TLS; certificates are renewed by cert-manager
- [link] See https://example.org/warehouse_api?v=2#picks for the contract
- part_of [[Order Service]]
""",
    ),
    (
        "Loose thoughts",
        "notizen",
        "note",
        (),
        "The café next door takes cards again, so nobody needs cash for lunch.",
    ),
    (
        "Local setup",
        "guides",
        "guide",
        ("setup",),
        """# Local setup

```toml
[database]
url = "postgres:///orders_dev"
- [not] an observation, this is code
```

Start everything with `make up`; tests need `make test-db` first.

- [step] Copy `.env.example` to `.env` #setup
- [tip] `make psql` opens a shell [[Order Service]] in the right database
""",
    ),
    (
        "Pricing rules",
        "domain",
        "note",
        ("pricing", "legal"),
        """# Pricing rules

- [rule] Prices are stored net, in cents, with the VAT rate beside them #legal
- [rule] A voucher never makes a total negative
- [rule] Rounding is half-even per line, not on the total (tax office, 2025)
- [source] tax handbook, chapter 4 (edition 2025)
- constrained_by [[Order Service]]
- constrained_by [[Decision: no ORM]]
""",
    ),
)


def main(program: str, folder: Path) -> None:
    """Write all notes into ``folder``, and beside it what basic-memory makes out in them."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"HOME": home, "BASIC_MEMORY_HOME": str(folder.resolve())}
        for title, directory, note_type, tags, content in NOTES:
            command = [program, "tool", "write-note", "--local", "--title", title]
            command += ["--folder", directory, "--type", note_type]
            for tag in tags:
                command += ["--tags", tag]
            subprocess.run(
                command, input=content, text=True, encoding="utf-8", env=environment, check=True
            )
    parsed = {}
    for path in sorted(folder.rglob("*.md")):
        note = parse(path.read_text(encoding="utf-8").split("---\n", 2)[2])
        parsed[path.relative_to(folder).as_posix()] = {
            "observations": [
                {"category": found.category, "content": found.content, "tags": found.tags or []}
                for found in note.observations
            ],
            "relations": [
                {"type": found.type, "target": found.target}
                for found in note.relations
                if found.type != "links_to"
            ],
        }
    text = json.dumps(parsed, ensure_ascii=False, indent=2) + "\n"
    (folder.parent / "parsed.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
