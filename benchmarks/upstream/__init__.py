# SPDX-License-Identifier: AGPL-3.0-only
"""A provider on loopback that answers as OpenAI and Anthropic do, or as a script says."""

from benchmarks.upstream.connection import Recorded
from benchmarks.upstream.script import Framing, Script
from benchmarks.upstream.server import Upstream, running_upstream

__all__ = ["Framing", "Recorded", "Script", "Upstream", "running_upstream"]
