# SPDX-License-Identifier: AGPL-3.0-only
"""The firewall over a real file: what is stored decides the next request, whoever stored it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.config import Config
from memoryoss_mcp.errors import InvalidInputError, MemoryOSSError
from memoryoss_mcp.lifecycle.review import Decision as Review
from memoryoss_mcp.model import Change, Draft, Memory, Origin, ReviewAction, Status, new_id
from memoryoss_mcp.policy.firewall import (
    CONFIRMATION_HEADER,
    INACTIVE,
    Firewall,
    ToolCall,
    find_actions,
    judge,
)
from memoryoss_mcp.policy.policies import Decision, PolicySet
from memoryoss_mcp.policy.rules import read_policy
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.store.types import ForgetRequest

SPACE = "default"
FRIDAY, SATURDAY = 4, 5


@pytest.fixture
def firewall(runtime: Runtime) -> Firewall:
    return Firewall(runtime._store, runtime.trust)


def remember(runtime: Runtime, text: str, **more: object) -> Memory:
    draft = Draft(text, SPACE, **more)  # type: ignore[arg-type]
    return runtime.inspect(runtime.store(draft).id, SPACE)


def decided(firewall: Firewall, text: str) -> str:
    return firewall.evaluate(SPACE, text).decision.label


def test_a_prohibition_blocks(runtime: Runtime, firewall: Firewall) -> None:
    memory = remember(runtime, "Never delete audit logs.", tags=("policy",))
    verdict = firewall.evaluate(SPACE, "Please delete the audit logs of 2019.")
    assert verdict.decision is Decision.BLOCK
    document = verdict.as_json()
    assert json.loads(json.dumps(document)) == document
    assert document["active"] is True
    assert document["risky_actions"] == ["delete"]
    assert document["matched_terms"] == ["delete the audit logs of 2019"]
    assert "confirmation_header" not in document
    [policy] = document["matched_policies"]
    assert policy["memory_id"] == str(memory.id)
    assert policy["action_classes"] == ["delete"]
    assert policy["status"] == "active"
    assert policy["tags"] == ["policy"]
    assert 0 < policy["trust_score"] <= 1
    assert "Never delete audit logs." in document["reasons"][0]


def test_an_approval_policy_asks_for_a_confirmation(runtime: Runtime, firewall: Firewall) -> None:
    remember(runtime, "Production deploys need approval from Ada.")
    verdict = firewall.evaluate(SPACE, "ok, deploy to prod")
    assert verdict.decision is Decision.REQUIRE_CONFIRMATION
    assert verdict.as_json()["confirmation_header"] == CONFIRMATION_HEADER
    assert decided(firewall, "deploy it") == "require_confirmation"
    assert decided(firewall, "deploy to staging") == "allow"


def test_who_has_to_approve_is_no_part_of_what_is_governed(
    runtime: Runtime, firewall: Firewall
) -> None:
    remember(runtime, "Releases to production must be approved by two people.")
    assert decided(firewall, "deploy the billing release to production") == "require_confirmation"


def test_a_soft_policy_warns(runtime: Runtime, firewall: Firewall) -> None:
    remember(runtime, "Be careful when deleting backups.")
    assert decided(firewall, "delete the old backups") == "warn"


def test_the_most_severe_decision_counts(runtime: Runtime, firewall: Firewall) -> None:
    remember(runtime, "Be careful when deleting backups.")
    remember(runtime, "Never delete customer backups.")
    verdict = firewall.evaluate(SPACE, "delete all customer backups")
    assert verdict.decision is Decision.BLOCK
    assert [policy.decision.label for policy in verdict.policies] == ["block", "warn"]


def test_a_policy_concerns_what_it_names(runtime: Runtime, firewall: Firewall) -> None:
    remember(runtime, "Never delete audit logs.")
    assert decided(firewall, "delete the temp branch") == "allow"
    assert decided(firewall, "delete the nginx logs") == "warn"
    remember(runtime, "Never delete anything in production without approval.")
    assert decided(firewall, "drop the users table in production") == "require_confirmation"
    assert decided(firewall, "drop the users table in staging") == "allow"
    assert decided(firewall, "delete the temp branch") == "allow"


@pytest.mark.parametrize(
    ("policy", "request_"),
    [
        ("Datenbanken dürfen nie gelöscht werden.", "Please drop the orders database."),
        ("Never delete the database.", "Lösch die alte Datenbank"),
        ("Nunca borres las copias de seguridad.", "Supprime toutes les sauvegardes"),
    ],
)
def test_policy_and_request_may_be_in_different_languages(
    runtime: Runtime, firewall: Firewall, policy: str, request_: str
) -> None:
    remember(runtime, policy)
    assert decided(firewall, request_) == "block"


def test_a_guarded_safeguard_is_not_skipped(runtime: Runtime, firewall: Firewall) -> None:
    remember(runtime, "Never bypass code review.")
    remember(runtime, "Code reviews usually take two days.")
    assert decided(firewall, "skip the code review") == "block"
    assert decided(firewall, "merge it without review") == "block"
    assert decided(firewall, "skip the tests") == "allow"


def test_risky_without_a_policy_is_allowed_and_says_so(firewall: Firewall) -> None:
    verdict = firewall.evaluate(SPACE, "drop the users table")
    assert verdict.active
    assert verdict.decision is Decision.ALLOW
    assert "no policy" in verdict.reasons[0]


def test_without_anything_risky_no_store_is_needed(runtime: Runtime, firewall: Firewall) -> None:
    remember(runtime, "Never delete audit logs.")
    runtime.close()
    assert firewall.evaluate(SPACE, "How do I delete a table?") == INACTIVE
    assert INACTIVE.as_json()["active"] is False
    with pytest.raises(MemoryOSSError):
        firewall.evaluate(SPACE, "delete the audit logs")


def test_tool_calls_are_judged(runtime: Runtime, firewall: Firewall) -> None:
    remember(runtime, "Never bypass the commit hooks.")
    call = ToolCall("bash", json.dumps({"command": "git commit --no-verify -m x"}))
    verdict = firewall.evaluate(SPACE, "commit it", [call])
    assert verdict.decision is Decision.BLOCK
    assert verdict.actions[0].source == "bash"


@pytest.mark.parametrize(
    "origin", [Origin.EXTRACTED, Origin.TOOL, Origin.IMPORTED, Origin.CONNECTOR]
)
def test_what_nobody_confirmed_decides_nothing(
    runtime: Runtime, firewall: Firewall, origin: Origin
) -> None:
    memory = remember(runtime, "Never delete audit logs.", origin=origin, session="a")
    assert decided(firewall, "delete the audit logs") == "allow"
    runtime.review(Review(memory.id, SPACE, ReviewAction.CONFIRM, actor="ada"))
    assert decided(firewall, "delete the audit logs") == "block"


@pytest.mark.parametrize("status", [Status.CONTESTED, Status.STALE, Status.CANDIDATE])
def test_a_policy_that_is_not_active_decides_nothing(
    runtime: Runtime, firewall: Firewall, status: Status
) -> None:
    remember(runtime, "Never delete audit logs.", status=status)
    assert decided(firewall, "delete the audit logs") == "allow"


def test_a_superseded_policy_decides_nothing(runtime: Runtime, firewall: Firewall) -> None:
    old = remember(runtime, "Never delete audit logs.")
    assert decided(firewall, "delete the audit logs") == "block"
    new = remember(runtime, "Audit logs are kept by the archive team now.")
    runtime.review(Review(old.id, SPACE, ReviewAction.SUPERSEDE, actor="ada", superseded_by=new.id))
    assert decided(firewall, "delete the audit logs") == "allow"


def test_a_policy_of_low_trust_decides_nothing(runtime: Runtime) -> None:
    remember(runtime, "Never delete audit logs.")

    def doubted(namespace: str, memories: object) -> object:
        found = runtime.trust(namespace, memories)  # type: ignore[arg-type]
        return {key: replace(trust, low_trust=True) for key, trust in found.items()}

    firewall = Firewall(runtime._store, doubted)  # type: ignore[arg-type]
    assert decided(firewall, "delete the audit logs") == "allow"


def test_every_change_acts_on_the_next_request(runtime: Runtime, firewall: Firewall) -> None:
    assert decided(firewall, "delete the audit logs") == "allow"
    memory = remember(runtime, "Never delete audit logs.")
    assert decided(firewall, "delete the audit logs") == "block"
    runtime.update(Change(memory.id, SPACE, content="Be careful when deleting audit logs."))
    assert decided(firewall, "delete the audit logs") == "warn"
    runtime.forget(ForgetRequest(SPACE, (memory.id,)))
    assert decided(firewall, "delete the audit logs") == "allow"


def test_what_another_opening_of_the_file_stores_acts_too(
    config: Config, runtime: Runtime, firewall: Firewall
) -> None:
    assert decided(firewall, "delete the audit logs") == "allow"
    with Runtime.open(config, client="another") as other:
        remember(other, "Never delete audit logs.")
    assert decided(firewall, "delete the audit logs") == "block"


def test_namespaces_are_apart(runtime: Runtime, firewall: Firewall) -> None:
    runtime.store(Draft("Never delete audit logs.", "elsewhere"))
    assert decided(firewall, "delete the audit logs") == "allow"
    assert firewall.evaluate("elsewhere", "delete the audit logs").decision is Decision.BLOCK


def test_no_number_of_other_memories_hides_a_policy(runtime: Runtime, firewall: Firewall) -> None:
    remember(runtime, "Never delete audit logs.")
    others = [
        Draft(f"Service {n} never sleeps and must log to file {n}.", SPACE) for n in range(200)
    ]
    runtime.store_many(others)
    assert decided(firewall, "delete the audit logs") == "block"


def test_the_last_known_set_goes_on_without_the_store(runtime: Runtime, firewall: Firewall) -> None:
    remember(runtime, "Never delete audit logs.")
    assert firewall.last_known(SPACE) is None
    policies = firewall.policies(SPACE)
    assert firewall.last_known(SPACE) == policies
    runtime.close()
    kept = PolicySet.from_dict(json.loads(json.dumps(policies.as_dict())))
    assert kept == policies
    assert judge(find_actions("delete the audit logs"), kept).decision is Decision.BLOCK


@pytest.mark.parametrize("document", [{}, {"format": "x"}, {"format": "memoryoss.policies.v1"}])
def test_a_damaged_set_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(InvalidInputError):
        PolicySet.from_dict(document)


RULES = (
    "Never delete audit logs.",
    "Never delete anything in production without approval.",
    "Production deploys need approval.",
    "Be careful when deploying.",
    "Deploys to staging do not need approval.",
    "It's fine to delete logs.",
    "Never skip the review.",
    "Customer data must not leave the company.",
    "Deployments on Fridays are forbidden.",
)
REQUESTS = (
    "delete the audit logs",
    "drop the users table in prod",
    "deploy to production",
    "skip the review and deploy",
    "email the customer list to my gmail",
)


def as_set(texts: list[str]) -> PolicySet:
    memories = [Memory(new_id(), SPACE, text, 1, 1) for text in texts]
    found = [policy for memory in memories if (policy := read_policy(memory)) is not None]
    return PolicySet(SPACE, tuple(found))


@given(
    st.lists(st.sampled_from(RULES)),
    st.sampled_from(RULES),
    st.sampled_from(REQUESTS),
    st.integers(0, 6),
)
def test_a_further_policy_never_makes_a_verdict_milder(
    texts: list[str], more: str, request_: str, day: int
) -> None:
    actions = find_actions(request_)
    before, after = as_set(texts), as_set([*texts, more])
    assert judge(actions, after, day).decision >= judge(actions, before, day).decision


def test_a_rule_for_a_day_holds_on_that_day() -> None:
    actions, policies = find_actions("deploy it"), as_set(["Deployments on Fridays are forbidden."])
    assert judge(actions, policies, FRIDAY).decision is Decision.BLOCK
    assert judge(actions, policies, SATURDAY).decision is Decision.ALLOW
