"""The two public endpoints: /recommend and /encode. Gradio does not enforce type hints, so each value is checked."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import gradio as gr
import gradio.utils

from app.service import Progress, Service, user_errors
from app.state import Session
from mealrec.errors import RequestError


def build(service: Service) -> None:
    """Register the endpoints in the current Blocks."""

    @user_errors()
    def recommend(history: list[str], k: int = 10, seed: int = 0, variant: str = "full") -> dict:
        """Rank the catalogue for a history (clip ids, oldest first; uploads by their id)."""
        return service.recommend(asked(history, k, seed, variant)).to_dict()

    @user_errors()
    def encode(video: str, title: str = "") -> dict:
        """Encode an uploaded video; its upload_id may then stand in a history."""
        return encoded(service, video, title)

    gr.api(recommend, api_name="recommend", concurrency_id="model", concurrency_limit=2)
    gr.api(encode, api_name="encode", concurrency_id="encoder", concurrency_limit=1)


def mcp_wanted() -> bool:
    """Whether MEALREC_MCP=1 asks for the endpoints as MCP tools too; says what is missing where they cannot be."""
    if os.environ.get("MEALREC_MCP") != "1":
        return False
    if find_spec("mcp") is None:
        print('MEALREC_MCP=1 needs MCP: pip install "gradio[mcp]". The page opens without it.', file=sys.stderr)
        return False
    return True


def asked(history: object, k: object, seed: object, variant: object) -> Session:
    """Return the session that a request asks for; its values are checked by the recommender.

    Raises:
        RequestError: the history is no list of text, so that nothing can be looked up by it.
    """
    if not isinstance(history, (list, tuple)) or not all(isinstance(item, str) for item in history):
        raise RequestError(f"history: expected a list of clip ids as text, got {_shown(history)}.")
    return Session(history=tuple(history), k=k, seed=seed, variant=variant)


def encoded(service: Service, video: object, title: object) -> dict:
    """Encode a video and return {upload_id, title, times_s, nearest}."""
    path = video.get("path") if isinstance(video, dict) else video
    if not isinstance(path, str) or not _is_uploaded(path):
        raise RequestError(f"video: expected a file sent with gradio_client.handle_file, got {_shown(video)}.")
    if not isinstance(title, str):
        raise RequestError(f"title: expected text, got {_shown(title)}.")
    upload = next(report for report in service.encode(path, title) if not isinstance(report, Progress))
    return {
        "upload_id": upload.upload_id,
        "title": upload.title,
        "times_s": [float(time) for time in upload.times_s],
        "nearest": [vars(item) for item in upload.nearest],
    }


def _is_uploaded(path: str) -> bool:
    """Whether a path leads into the folder of uploads: no request may name another file of this server."""
    folder = Path(gradio.utils.get_upload_folder()).resolve()
    resolved = Path(path).resolve()
    return resolved.is_relative_to(folder) and resolved.is_file()


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
