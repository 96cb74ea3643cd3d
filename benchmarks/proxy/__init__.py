# SPDX-License-Identifier: AGPL-3.0-only
"""What the proxy costs: latency, streams at once, start, and the provider's prompt cache."""
