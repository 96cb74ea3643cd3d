# SPDX-License-Identifier: AGPL-3.0-only
"""The OpenAPI description of the proxy's own paths. What is forwarded is described by its
provider."""

from __future__ import annotations

from typing import Any, Final

from memoryoss_mcp import __version__

_ERROR: Final[dict[str, Any]] = {
    "description": "An error.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["error", "code"],
                "properties": {"error": {"type": "string"}, "code": {"type": "string"}},
            }
        }
    },
}


def _object(description: str, properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "description": description,
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": required, "properties": properties}
            }
        },
    }


DOCUMENT: Final[dict[str, Any]] = {
    "openapi": "3.1.0",
    "info": {
        "title": "memoryOSS proxy",
        "version": __version__,
        "license": {"name": "AGPL-3.0-only", "identifier": "AGPL-3.0-only"},
    },
    "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
    "paths": {
        "/health": {
            "get": {
                "operationId": "health",
                "summary": "Whether requests are served, and whether with memory",
                "responses": {
                    "200": _object(
                        "The state.",
                        {
                            "status": {"enum": ["ok", "degraded"]},
                            "mode": {"enum": ["hybrid", "monolith"]},
                            "core_status": {"enum": ["ok", "degraded"]},
                            "core_reason": {"type": "string"},
                            "memory_mode": {"enum": ["full", "readonly", "after", "off"]},
                            "version": {"type": "string"},
                        },
                        ["status", "mode", "core_status", "memory_mode", "version"],
                    )
                },
            }
        },
        "/metrics": {
            "get": {
                "operationId": "metrics",
                "summary": "Counters and histograms for Prometheus",
                "security": [{}, {"bearer": []}],
                "responses": {
                    "200": {
                        "description": "The exposition.",
                        "content": {"text/plain": {"schema": {"type": "string"}}},
                    },
                    "401": _ERROR,
                },
            }
        },
        "/proxy/v1/debug/stats": {
            "get": {
                "operationId": "stats",
                "summary": "What is set and what was counted",
                "security": [{"bearer": []}],
                "responses": {
                    "200": _object(
                        "Settings and counters.",
                        {
                            "proxy_enabled": {"type": "boolean"},
                            "key_mappings": {"type": "integer"},
                            "metrics": {"type": "object"},
                        },
                        ["proxy_enabled", "key_mappings", "metrics"],
                    ),
                    "401": _ERROR,
                    "403": _ERROR,
                },
            }
        },
    },
}
