"""A server of the Model Context Protocol whose tools take the arguments that they have, and no others.

An argument that is not known would be left out of the question, and the answer be one to another question.
"""

from collections.abc import Iterable
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, InputRequiredResult, Tool
from pydantic import ValidationError


class StrictServer(MCPServer):
    """Says in one line what is wrong with the arguments of a call."""

    async def list_tools(self) -> list[Tool]:
        """All tools; their schemas say that there are no other arguments."""
        tools = await super().list_tools()
        for tool in tools:
            tool.input_schema = {**tool.input_schema, "additionalProperties": False}
        return tools

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool.

        Raises:
            ToolError: there is no such tool or argument, an argument is none that it takes, or the log refuses.
        """
        for tool in await self.list_tools():
            if tool.name == name:
                _refuse_unknown(name, arguments, tool.input_schema.get("properties", {}))
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            if isinstance(error.__cause__, ValidationError):
                raise ToolError(f"{name}: {_told(error.__cause__)}") from error
            raise


def _refuse_unknown(tool: str, given: Iterable[str], known: Iterable[str]) -> None:
    names = ", ".join(known)
    if unknown := [each for each in given if each not in known]:
        takes = f"its arguments are {names}" if names else "it takes none"
        raise ToolError(f"{tool} has no argument {', '.join(map(repr, unknown))}: {takes}")


def _told(error: ValidationError) -> str:
    """What is wrong with each argument, once."""
    problems: dict[str, str] = {}
    for each in error.errors(include_url=False, include_context=False):
        # Of an argument that may be of several kinds, what the first would have needed.
        problems.setdefault(str(each["loc"][0]), each["msg"])
    return "; ".join(f"{name}: {problem}" for name, problem in problems.items())
