"""The two public endpoints: /recommend and /encode. Gradio does not enforce type hints, so each
value is checked."""

from __future__ import annotations

import os
import reprlib
import sys
from importlib.util import find_spec

import gradio as gr

from app.session.service import ENCODER, MODEL, Progress, Service, user_errors
from app.session.state import Session
from app.uploads.folder import is_uploaded
from mealrec.errors import RequestError

_NOTHING: list[int] = []


def build(service: Service) -> None:
    """Register the endpoints in the current Blocks."""

    @user_errors()
    def recommend(
        history: list[str],
        k: int = 10,
        seed: int = 0,
        variant: str = "full",
        hidden: list[int] = _NOTHING,
        noise: float = 0.0,
        num_steps: int | None = None,
    ) -> dict:
        """Rank the catalogue for a history (clip ids, oldest first; uploads by their id).

        `hidden`: frames of the last clip, from 0, that the model is not shown. `noise` lies on what
        the history's clips look like; `num_steps` is T of both walks, by default as trained.
        """
        return service.recommend(
            asked(history, k, seed, variant, hidden, noise, num_steps)
        ).to_dict()

    @user_errors()
    def encode(request: gr.Request, video: str, title: str = "") -> dict:
        """Encode an uploaded video; its upload_id may then stand in a history."""
        return encoded(service, video, title, request.session_hash or "")

    gr.api(recommend, api_name="recommend", **MODEL)
    gr.api(encode, api_name="encode", **ENCODER)


def mcp_wanted() -> bool:
    """Whether MEALREC_MCP=1 asks for the endpoints as MCP tools too; says what is missing where
    they cannot be."""
    if os.environ.get("MEALREC_MCP") != "1":
        return False
    if find_spec("mcp") is None:
        print(
            'MEALREC_MCP=1 needs MCP: pip install "gradio[mcp]". The page opens without it.',
            file=sys.stderr,
        )
        return False
    return True


def asked(
    history: object,
    k: object,
    seed: object,
    variant: object,
    hidden: object = (),
    noise: object = 0.0,
    num_steps: object = None,
) -> Session:
    """Return the session that a request asks for; its values are checked by the recommender.

    Raises: RequestError: the history is no list of text, or another value no single one, so that
        nothing can be looked up by it.
    """
    single = {"k": k, "seed": seed, "variant": variant, "noise": noise, "num_steps": num_steps}
    for name, value in single.items():
        if not isinstance(value, (int, float, str, type(None))):
            raise RequestError(f"{name}: a single value is expected, {_shown(value)} came.")
    if not isinstance(history, (list, tuple)) or not all(isinstance(item, str) for item in history):
        raise RequestError(f"history: expected a list of clip ids as text, got {_shown(history)}.")
    return Session(history=tuple(history), hidden=hidden, **single)


def encoded(service: Service, video: object, title: object, visit: str = "") -> dict:
    """Encode a video and return what docs/api.md says of /encode; the upload is the visit's."""
    path = video.get("path") if isinstance(video, dict) else video
    if not isinstance(path, str) or not is_uploaded(path):
        raise RequestError(
            f"video: expected a file sent with gradio_client.handle_file, got {_shown(video)}."
        )
    if not isinstance(title, str):
        raise RequestError(f"title: expected text, got {_shown(title)}.")
    upload = next(
        report for report in service.encode(path, title, visit) if not isinstance(report, Progress)
    )
    return upload.to_dict()


def _shown(value: object) -> str:
    text = reprlib.repr(value)  # a visitor may send a deep or endless one
    return text if len(text) <= 60 else text[:57] + "…"
