# SPDX-License-Identifier: AGPL-3.0-only
"""The context block that is put into a prompt: compiled from a recall, within a token budget."""

from memoryoss_mcp.context.block import Block, compile_block
from memoryoss_mcp.context.task_state import TaskState, compile_task_state

__all__ = ["Block", "TaskState", "compile_block", "compile_task_state"]
