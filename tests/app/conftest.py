"""A service over the stand-in recommender."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from app.session.service import Service
from app.ui import build_demo
from tests.app.stand_in import StandInRecommender

EVIL = '<img src=x onerror="alert(1)"> ${alert(1)} {{7*7}} \\'


@pytest.fixture
def service() -> Service:
    """Return a service whose model is loaded."""
    service = Service(StandInRecommender).start()
    service.recommender(timeout_s=10)
    return service


@pytest.fixture
def evil_service() -> Service:
    """Return a service whose clips have markup for titles and topics."""

    def load() -> StandInRecommender:
        recommender = StandInRecommender()
        evil = {"title": EVIL, "topic": "<b>topic</b>"}
        recommender.catalogue = tuple(replace(item, **evil) for item in recommender.catalogue)
        return recommender

    service = Service(load).start()
    service.recommender(timeout_s=10)
    return service


@pytest.fixture
def video(tmp_path, monkeypatch) -> str:
    """Return an uploaded file that the stand-in takes for a video."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"\0\0\0\x18ftypmp42")
    return str(path)


def in_event_loop(make: Callable):
    """Return what `make` returns, called inside an event loop: outside of one Gradio opens loops it never closes."""

    async def called():
        return make()

    return asyncio.run(called())


def wired(service: Service, module: str) -> dict[str, Callable]:
    """Return what the page's events call, as Gradio would, by name: the functions of one module of the app."""
    demo = in_event_loop(lambda: build_demo(service))
    functions = [block.fn for block in demo.fns.values() if block.fn is not None]
    return {function.__name__: function for function in functions if function.__module__ == module}
