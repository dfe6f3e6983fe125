"""MCP, where its extra is installed: the endpoints are tools; where it is not, the page opens and says so."""

from __future__ import annotations

import ast
import asyncio

import pytest

from app import api
from tests.browser.server import serve


def test_it_is_off_unless_asked_for(monkeypatch):
    monkeypatch.delenv("MEALREC_MCP", raising=False)
    assert not api.mcp_wanted()


def test_a_missing_extra_is_named(monkeypatch, capsys):
    monkeypatch.setenv("MEALREC_MCP", "1")
    monkeypatch.setattr(api, "find_spec", lambda name: None)
    assert not api.mcp_wanted()
    assert 'pip install "gradio[mcp]"' in capsys.readouterr().err


def test_the_endpoints_are_tools(monkeypatch):
    pytest.importorskip("mcp", reason='MCP is optional: pip install "gradio[mcp]" to test it')
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async def ask(url: str) -> tuple[set[str], dict]:
        async with (
            streamable_http_client(f"{url}/gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as client,
        ):
            await client.initialize()
            tools = {tool.name for tool in (await client.list_tools()).tools}
            answer = await client.call_tool("recommend", {"history": ["12", "87", "45"], "k": 3})
            return tools, ast.literal_eval(answer.content[0].text)

    monkeypatch.setenv("MEALREC_MCP", "1")
    with serve() as url:
        tools, answer = asyncio.run(ask(url))
    assert {"recommend", "encode"} <= tools
    assert [item["rank"] for item in answer["items"]] == [1, 2, 3]
