# SPDX-License-Identifier: AGPL-3.0-only
"""The tables of the file.

A row key is ``number = namespace << 40 | slot``. All rows of a namespace are neighbours in every
B-tree, a range of numbers is a namespace, and a slot is a dense document number inside it.
``memory``, ``tag``, ``edge``, ``past``, ``vector`` and ``ledger`` are the truth; ``lexical`` is the
analysed form of a memory; ``posting``, ``vector_index``, ``reputation`` and ``centroid`` are
derived and can be rebuilt from rows. What a sealed namespace keeps instead:
:mod:`memoryoss_mcp.store.sealing`.
"""

from __future__ import annotations

from typing import Final

SCHEMA_VERSION: Final = 4
SLOT_BITS: Final = 40
SLOT_MASK: Final = (1 << SLOT_BITS) - 1
CHUNK_SIZE: Final = 512
"""Vectors per chunk of ``vector_index``: what a small namespace allocates at once."""

REVIEW_RANK: Final = "CASE WHEN reject_count > 0 THEN 1 WHEN status = 'contested' THEN 0 ELSE 2 END"
"""The place of a memory's queue in the review inbox: contested, rejected, candidates."""

WAITING: Final = (
    "archived = 0 AND status <> 'active' AND superseded_by IS NULL"
    " AND (status <> 'stale' OR reject_count > 0)"
)
"""Which memories wait for a review."""

REVIEW_INDEX: Final = (
    f"CREATE INDEX memory_review ON memory(ns, ({REVIEW_RANK}), created_at DESC) WHERE {WAITING}"
)

SUPERSEDED_INDEX: Final = (
    "CREATE INDEX memory_superseded ON memory(ns, superseded_by) WHERE superseded_by IS NOT NULL"
)

SEALED_COLUMNS: Final = (
    "ALTER TABLE namespace ADD COLUMN key BLOB",  # of a sealed one: the key that seals now
    "ALTER TABLE memory ADD COLUMN sealed BLOB",  # what the other columns do not say in clear
)

LEDGER_INDEX: Final = "CREATE INDEX ledger_memory ON ledger(memory) WHERE memory IS NOT NULL"

TRUST_TABLES: Final = """
CREATE TABLE past(
  number INTEGER NOT NULL,
  version INTEGER NOT NULL,
  entry INTEGER NOT NULL,              -- of the ledger: the change that ended this version
  record TEXT NOT NULL,                -- the memory, and who made that change
  PRIMARY KEY(number, version)
) WITHOUT ROWID;
CREATE INDEX past_entry ON past(entry);
CREATE INDEX memory_governed ON memory(ns) WHERE team_governance IS NOT NULL;

CREATE TABLE reputation(
  ns INTEGER NOT NULL,
  source TEXT NOT NULL,
  positive INTEGER NOT NULL,           -- confirmed or put to use again
  negative INTEGER NOT NULL,           -- rejected or superseded
  name BLOB,                           -- the source, sealed, where ``source`` is a token
  PRIMARY KEY(ns, source)
) WITHOUT ROWID;

CREATE TABLE certificate(
  id BLOB PRIMARY KEY,
  at INTEGER NOT NULL,
  namespace TEXT NOT NULL,
  document TEXT NOT NULL               -- of a deletion, signed
) WITHOUT ROWID;

CREATE TABLE centroid(
  ns INTEGER PRIMARY KEY,
  model INTEGER NOT NULL,
  count INTEGER NOT NULL,              -- vectors in the sum
  total BLOB NOT NULL                  -- sum of the vectors, as whole numbers
);

CREATE TABLE data_key(
  key BLOB PRIMARY KEY,                -- its id, which every value that it sealed begins with
  ns INTEGER NOT NULL,
  number INTEGER NOT NULL,             -- the how-manieth of its namespace
  provider TEXT NOT NULL,
  wrapped BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  walked INTEGER,                      -- rotation to this key: the last row that it has sealed
  retired_at INTEGER,                  -- since when all is sealed with a later one
  expires_at INTEGER                   -- when it goes
) WITHOUT ROWID;
"""

FABRIC_TABLES: Final = """
CREATE TABLE identity(
  id TEXT NOT NULL,
  catalog TEXT NOT NULL,               -- that named it; empty: registered here
  kind TEXT NOT NULL,
  label TEXT NOT NULL,
  public_key BLOB,                     -- none: one of the original, which has no keys
  registered_at INTEGER NOT NULL,
  PRIMARY KEY(id, catalog)
) WITHOUT ROWID;

CREATE TABLE revocation(
  id TEXT NOT NULL,
  catalog TEXT NOT NULL,               -- that revoked it; empty: revoked here
  kind TEXT NOT NULL,
  reason TEXT NOT NULL,
  revoked_at INTEGER NOT NULL,
  replacement TEXT,                    -- the identity that signs in its place
  PRIMARY KEY(id, catalog)
) WITHOUT ROWID;

CREATE TABLE restoration(
  id TEXT PRIMARY KEY,                 -- restored here, whatever catalogs say
  restored_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE pin(
  id TEXT PRIMARY KEY,
  public_key BLOB NOT NULL,
  pinned_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE catalog(
  id TEXT PRIMARY KEY,
  label TEXT NOT NULL,
  signer TEXT,                         -- the identity that signed it; none: unsigned
  sequence INTEGER NOT NULL,
  exported_at INTEGER NOT NULL,
  imported_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE issued(
  catalog TEXT PRIMARY KEY,            -- exported here
  sequence INTEGER NOT NULL,
  issued_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE sync_state(
  ns INTEGER NOT NULL,
  id BLOB NOT NULL,
  clock TEXT NOT NULL,
  digest BLOB,
  PRIMARY KEY(ns, id)
) WITHOUT ROWID;

CREATE TABLE sync_chunk(
  folder TEXT NOT NULL,
  name TEXT NOT NULL,
  digest BLOB NOT NULL,
  PRIMARY KEY(folder, name)
) WITHOUT ROWID;
"""

TABLES: Final = """
CREATE TABLE setting(
  name TEXT PRIMARY KEY,
  value
) WITHOUT ROWID;

CREATE TABLE namespace(
  ns INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  next_slot INTEGER NOT NULL DEFAULT 0,
  seq INTEGER NOT NULL DEFAULT 0,      -- last change of any of its memories
  packs INTEGER NOT NULL DEFAULT 0,    -- how often the tail was packed into postings
  live INTEGER NOT NULL DEFAULT 0,     -- memories
  terms INTEGER NOT NULL DEFAULT 0,    -- sum of their lengths in terms
  tail INTEGER NOT NULL DEFAULT 0,     -- memories whose terms are not in postings yet
  pending INTEGER NOT NULL DEFAULT 0   -- memories without a vector of the current model
);

CREATE TABLE memory(
  number INTEGER PRIMARY KEY,
  ns INTEGER NOT NULL,
  id BLOB NOT NULL,
  seq INTEGER NOT NULL,
  content TEXT NOT NULL,
  tags TEXT NOT NULL,
  agent TEXT,
  session TEXT,
  memory_type TEXT NOT NULL,
  status TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  origin TEXT NOT NULL,
  client TEXT,
  source_key TEXT,
  content_hash TEXT,
  archived INTEGER NOT NULL,
  confidence REAL,
  evidence_count INTEGER NOT NULL,
  last_verified_at INTEGER,
  superseded_by BLOB,
  injection_count INTEGER NOT NULL,
  reuse_count INTEGER NOT NULL,
  confirm_count INTEGER NOT NULL,
  reject_count INTEGER NOT NULL,
  supersede_count INTEGER NOT NULL,
  last_injected_at INTEGER,
  last_reused_at INTEGER,
  last_outcome_at INTEGER,
  review_events TEXT NOT NULL,
  team_governance TEXT,
  digest BLOB NOT NULL
);
CREATE UNIQUE INDEX memory_id ON memory(ns, id);
CREATE INDEX memory_seq ON memory(ns, seq);
CREATE INDEX memory_created ON memory(ns, created_at);
CREATE INDEX memory_hash ON memory(ns, content_hash);
CREATE INDEX memory_session ON memory(ns, session) WHERE session IS NOT NULL;
CREATE INDEX memory_agent ON memory(ns, agent) WHERE agent IS NOT NULL;

CREATE TABLE tag(
  ns INTEGER NOT NULL,
  tag TEXT NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY(ns, tag, number)
) WITHOUT ROWID;
CREATE INDEX tag_number ON tag(number);

CREATE TABLE edge(
  number INTEGER NOT NULL,
  kind TEXT NOT NULL,
  target BLOB NOT NULL,
  PRIMARY KEY(number, kind, target)
) WITHOUT ROWID;
CREATE INDEX edge_target ON edge(target, kind);

CREATE TABLE tombstone(
  ns INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY(ns, seq, number)
) WITHOUT ROWID;

CREATE TABLE embedding_model(
  model INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  revision TEXT NOT NULL,
  dimension INTEGER NOT NULL,
  UNIQUE(name, revision, dimension)
);

CREATE TABLE vector(
  number INTEGER PRIMARY KEY,
  model INTEGER NOT NULL,
  data BLOB NOT NULL
);

CREATE TABLE lexical(
  number INTEGER PRIMARY KEY,
  packed INTEGER NOT NULL,
  length INTEGER NOT NULL,
  terms TEXT NOT NULL,
  frequencies BLOB NOT NULL
);
CREATE INDEX lexical_tail ON lexical(number) WHERE packed = 0;

CREATE TABLE posting(
  ns INTEGER NOT NULL,
  term TEXT NOT NULL,
  segment INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY(ns, term, segment)
) WITHOUT ROWID;

CREATE TABLE ledger(
  entry INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  action TEXT NOT NULL,
  namespace TEXT NOT NULL,
  subject TEXT NOT NULL,
  memory BLOB,
  version INTEGER NOT NULL,
  previous BLOB NOT NULL,
  hash BLOB NOT NULL
);
"""


def vector_index_table(dimension: int) -> str:
    """The statement that makes the sqlite-vec table for vectors of ``dimension`` signs.

    Its metadata columns are what filters and scoring need of every memory, packed by chunk:
    ``created`` (nanoseconds), ``session`` and ``agent`` (hashes of the labels), ``flags``.
    """
    return (
        "CREATE VIRTUAL TABLE vector_index USING vec0("
        "number INTEGER PRIMARY KEY, ns INTEGER PARTITION KEY, "
        f"signs bit[{dimension}], "
        "created INTEGER, session INTEGER, agent INTEGER, flags INTEGER, "
        f"chunk_size={CHUNK_SIZE})"
    )
