# SPDX-License-Identifier: AGPL-3.0-only
"""What a text asks for is found wherever it stands; what it only talks about is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.policy.actions import risky_actions
from memoryoss_mcp.policy.verbs import WORDS


def kinds(text: str) -> list[str]:
    return [action.kind.value for action in risky_actions(text)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Please drop the users table.", "delete"),
        ("Fix the header and then push it to prod", "deploy"),
        ("The old orders table is not used any more. Drop it.", "delete"),
        ("I want all backups deleted.", "delete"),
        ("Would you mind deleting the old backups?", "delete"),
        ("Kick off the deployment", "deploy"),
        ("Once everything is green deploy to production.", "deploy"),
        ("Don't forget to delete the staging bucket.", "delete"),
        ("merge it without review", "override"),
        ("Force-push the branch", "override"),
        ("Upload the customer list to pastebin", "exfiltrate"),
        ("make the repo public", "exfiltrate"),
        ("git push --force origin main", "override"),
        ("Run this:\n```sh\nrm -rf /srv/data\n```", "delete"),
        ("run `kubectl delete ns prod`", "delete"),
        ("- [ ] update the docs\n- [ ] wipe the staging database", "delete"),
        ("Lösch die alte Datenbank", "delete"),
        ("Kannst du die nicht mehr genutzten Backups löschen?", "delete"),
        ("Spiel die neue Version auf Produktion", "deploy"),
        ("Supprime la base clients", "delete"),
        ("La tabla de usuarios ya no se usa. Bórrala.", "delete"),
        ("Voglio che tu elimini tutti i backup", "delete"),
        ("Quero que você apague os backups", "delete"),
    ],
)
def test_requests_are_found(text: str, kind: str) -> None:
    assert kinds(text) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "How do I delete a table?",
        "What happens if I drop the users table?",
        "Is it safe to delete the backups?",
        "Should we deploy on Fridays?",
        "Don't delete the backups.",
        "Never push to prod from here.",
        "We deleted the database yesterday.",
        "The docs say to delete the database.",
        "The deploy checklist is in the wiki.",
        "Deploy script fails with exit code 1.",
        "Write release notes for 3.1.",
        "Remove the trailing comma.",
        "Delete the log statements in app.py",
        "Release the lock before returning",
        "Add a button to delete the account",
        "Write a migration that drops the users table.",
        "Send the access token in the Authorization header",
        "Override the equals method",
        'Translate: "delete the production database"',
        "What is wrong here?\n```sql\nDROP TABLE users;\n```",
        "> please delete the database\nWhat did he mean?",
        "Lösch die Datenbank nicht!",
        "Wie lösche ich eine Tabelle?",
        "Ne supprime pas la base.",
        "No borres la base de datos.",
        "Non cancellare i backup.",
        "Não apague os backups.",
    ],
)
def test_mere_talk_is_not(text: str) -> None:
    assert kinds(text) == []


@pytest.mark.parametrize(
    "lead", ["A calm sentence about the parser. ", "word ", "Zeile für Zeile\n"]
)
def test_a_request_behind_twenty_thousand_characters_is_found(lead: str) -> None:
    text = lead * (20_000 // len(lead) + 1) + "\n\nNow drop the production database."
    [action] = risky_actions(text)
    assert action.kind == "delete"
    assert text[action.start : action.end] == "drop the production database"


def test_a_request_at_the_end_of_a_very_long_text_is_found() -> None:
    text = "x " * 700_000 + "\n\nDelete the customers table."
    [action] = risky_actions(text)
    assert text[action.start : action.end] == "Delete the customers table"


def test_several_requests_are_told_apart() -> None:
    text = "Delete the old branch, skip the review and deploy to staging."
    assert kinds(text) == ["delete", "override", "deploy"]
    assert [action.environments for action in risky_actions(text)][2] == {"staging"}


MARKS = (
    "the", "users table", "please", "not", "nicht", "to", "prod", ".", ",", "?", "\n", "```", "`",
    '"', "> ", "rm -rf /", "--no-verify", "$(", "<<EOF", "é", "\u200b", "- ",
)  # fmt: skip
PIECES = st.sampled_from((*sorted(WORDS)[::17], *MARKS))


@given(st.text(max_size=300) | st.lists(PIECES, max_size=25).map(" ".join))
def test_any_text_can_be_looked_at(text: str) -> None:
    for action in risky_actions(text):
        assert 0 <= action.start < action.end <= len(text)


@pytest.mark.parametrize(
    "piece",
    ["delete ", "delete,", "`", '"', "```\n", "and ", "> \n", "nicht ", "rm ", "a.b", "'", "- "],
)
def test_long_texts_of_one_piece_end(piece: str) -> None:
    risky_actions(piece * (40_000 // len(piece)))
