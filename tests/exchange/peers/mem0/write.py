# SPDX-License-Identifier: AGPL-3.0-only
"""Let mem0 write a small memory with its own code: ``python write.py FOLDER``.

Facts are stored as they are said (``infer=False``), so no language model is asked, and vectors come
from its mock embedder. It leaves its history, its local vector store and an export of ``get_all``.
"""

import json
import os
import sqlite3
import sys
import tempfile
from pathlib import Path

folder = Path(sys.argv[1]).resolve()
os.environ["MEM0_TELEMETRY"] = "False"
os.environ["MEM0_DIR"] = tempfile.mkdtemp()

from mem0 import Memory  # noqa: E402
from mem0.configs.base import MemoryConfig  # noqa: E402
from mem0.embeddings.mock import MockEmbeddings  # noqa: E402
from mem0.utils.factory import EmbedderFactory  # noqa: E402

EmbedderFactory.create = staticmethod(lambda *_, **__: MockEmbeddings())

FACTS = [
    ("Prefers dark roast coffee in the morning.", {"category": "food"}),
    ("Works as a data engineer at a shipping company.", {"category": "work"}),
    ("Lives in Zürich with two cats, Mochi and Øre.", {"category": "home"}),
    ("Is allergic to peanuts.", {"category": "health", "severity": "high"}),
    ("Speaks German, English and a little 日本語.", {}),
    ("Uses Neovim with a Dvorak layout.", {"category": "tools"}),
    ("Plans a trip to Lisbon in May.", {"category": "travel"}),
    ("Wants short answers with code first.", {"category": "style"}),
    ("Runs 10 km every Sunday 🏃.", {"category": "sport"}),
    ("Has a standing meeting at 9:30 on Mondays.", {"category": "work"}),
    ("Reads science fiction before sleeping.", {}),
    ("Drives an old Volvo.", {}),
    ("Learns the cello.", {"category": "music"}),
    ("Uses PostgreSQL at work.", {"category": "tools"}),
    ("Votes by post.", {}),
]


def write() -> None:
    config = {
        "llm": {"provider": "openai", "config": {"api_key": "unused"}},
        "embedder": {"provider": "openai", "config": {"api_key": "unused"}},
        "vector_store": {
            "provider": "qdrant",
            "config": {
                "path": str(folder / "qdrant"),
                "collection_name": "mem0",
                "embedding_model_dims": 10,
                "on_disk": True,
            },
        },
        "history_db_path": str(folder / "history.db"),
    }
    memory = Memory(MemoryConfig(**config))
    ids = []
    for number, (fact, metadata) in enumerate(FACTS):
        whose = {"user_id": "robin"}
        if number % 4 == 1:
            whose["agent_id"] = "planner"
        if number % 4 == 2:
            whose["run_id"] = "run-7"
        more = {"expiration_date": "2026-06-01"} if fact.startswith("Plans") else {}
        added = memory.add(fact, infer=False, metadata=metadata, **whose, **more)
        ids.append(added["results"][0]["id"])
    memory.update(ids[1], "Works as a staff data engineer at a shipping company.")
    memory.update(ids[13], "Uses PostgreSQL and DuckDB at work.")
    memory.update(ids[13], "Uses DuckDB at work.")
    memory.delete(ids[11])
    memory.delete(ids[14])
    export = memory.get_all(filters={"user_id": "robin"}, top_k=100, show_expired=True)
    text = json.dumps(export, ensure_ascii=False, indent=1)
    (folder / "export.json").write_text(text + "\n", encoding="utf-8")
    memory.close()


def shrink(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA page_size = 1024")
    connection.execute("VACUUM")
    connection.close()


write()
for file in (folder / "history.db", folder / "qdrant" / "collection" / "mem0" / "storage.sqlite"):
    shrink(file)
