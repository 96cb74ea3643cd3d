# SPDX-License-Identifier: AGPL-3.0-only
"""What the demonstration remembers and asks: a project such as people have, made up."""

from __future__ import annotations

from dataclasses import dataclass

NAMESPACE = "harbour"
"""A made-up project that sells ferry tickets."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A memory of the project; ``key`` names it within the demonstration."""

    key: str
    content: str
    tags: tuple[str, ...]
    memory_type: str = "semantic"
    days_ago: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the fact that answers it; ``by`` says what it has in common with it."""

    text: str
    answer: str
    by: str


FACTS = (
    Fact(
        "payments",
        "We chose Adyen over Stripe for payments, because Stripe cannot settle Norwegian kroner "
        "for our account.",
        ("decision", "payments"),
    ),
    Fact(
        "deploy",
        "Deploy on Tuesdays and Thursdays before noon, to staging first, and never on the day "
        "before a public holiday.",
        ("convention", "deploy"),
        "procedural",
    ),
    Fact(
        "migrations",
        "Every schema migration has a reverse step, and a second person reads it before merge.",
        ("convention", "database"),
        "procedural",
    ),
    Fact(
        "latency",
        "The booking API has to respond within 300 ms at the 95th percentile; the contract with "
        "the ferry line says so.",
        ("constraint",),
    ),
    Fact(
        "privacy",
        "Passenger names are personal data: they never go into logs, only the booking number.",
        ("constraint", "privacy"),
    ),
    Fact(
        "clock",
        "Fixed HAR-412: the nightly export was empty because its worker ran on local time. All "
        "jobs use UTC now.",
        ("fix",),
        "episodic",
        40,
    ),
    Fact(
        "seat-race",
        "E_SEAT_RACE means that two customers took the last seat at once: retry one time, then "
        "offer the next sailing.",
        ("fix", "booking"),
    ),
    Fact(
        "cache",
        "HARBOUR_CACHE_TTL stays at 45 seconds in config/cache.toml; with more, sold-out sailings "
        "looked free.",
        ("constraint", "config"),
    ),
    Fact(
        "ingrid",
        "Ingrid prefers short answers: the command first, the explanation after it.",
        ("preference",),
    ),
    Fact(
        "frontend",
        "New components of the web front end are written in Svelte under web/ui; React only stays "
        "where it is.",
        ("decision", "frontend"),
    ),
    Fact(
        "database-old",
        "Production runs PostgreSQL 14.9.",
        ("version", "database"),
        days_ago=420,
    ),
    Fact(
        "database-new",
        "Production runs PostgreSQL 17.2 since the upgrade in spring.",
        ("version", "database"),
        days_ago=35,
    ),
    Fact(
        "jonas",
        "Jonas spends the launch weekend at his parents' place in Lillesand and can be called "
        "there.",
        ("people",),
        "episodic",
        3,
    ),
)

QUESTIONS = (
    Question("On which weekdays may a new release go out?", "deploy", "meaning"),
    Question("Which company handles card transactions?", "payments", "meaning"),
    Question("how quickly must requests be answered", "latency", "meaning"),
    Question("What should I keep out of log files about customers?", "privacy", "meaning"),
    Question("E_SEAT_RACE", "seat-race", "identifier"),
    Question("config/cache.toml", "cache", "identifier"),
    Question("what was HAR-412 about", "clock", "identifier"),
)

VERSIONS = Question("Which PostgreSQL version is in production?", "database-new", "time")
OUTDATED = "database-old"

UNANSWERED = "What is the chairman's favourite opera?"
"""Nothing stored has anything to do with it."""

CHANGED = "deploy"
CHANGE = (
    "Deploy on any weekday before noon, to staging first, and never on the day before a public "
    "holiday."
)
CHANGE_QUESTION = "On which days do we deploy?"

FORGOTTEN = "jonas"
FORGOTTEN_QUESTION = "Where is Jonas during the launch weekend?"
TRACE = b"lillesand"
"""In the forgotten memory only; searched for in every file, capital or not."""
