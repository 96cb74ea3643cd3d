# SPDX-License-Identifier: AGPL-3.0-only
"""What can go wrong with an embedding model."""

from __future__ import annotations

from memoryoss_mcp.errors import MemoryOSSError


class ModelError(MemoryOSSError):
    """The embedding model could not be used."""

    code = "model_error"


class UnknownModelError(ModelError):
    """No model has that name."""

    code = "model_unknown"


class ModelMissingError(ModelError):
    """A file of the model is not there."""

    code = "model_missing"


class ModelDamagedError(ModelError):
    """A file of the model is not the one that was published."""

    code = "model_damaged"


class DownloadError(ModelError):
    """A model could not be fetched. What arrived so far is kept for the next attempt, unless its
    checksum was wrong."""

    code = "model_download_failed"
