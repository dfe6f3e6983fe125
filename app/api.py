"""The two public endpoints: /recommend and /encode.

Gradio does not enforce type hints: a Question checks every value of its own.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

import gradio as gr

from app.session.service import ENCODER, MODEL, Progress, Service, user_errors
from app.uploads.folder import is_uploaded
from mealrec.errors import RequestError
from mealrec.question import Question, shown

# A default of the type that the endpoint's description names; nobody changes it.
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
        question = Question(
            history,
            k=k,
            seed=seed,
            variant=variant,
            hidden=hidden,
            noise=noise,
            num_steps=num_steps,
        )
        return service.recommend(question).to_dict()

    @user_errors()
    def encode(request: gr.Request, video: str, title: str = "") -> dict:
        """Encode an uploaded video; its upload_id may then stand in a history."""
        return encoded(service, video, title, request.session_hash or "")

    gr.api(recommend, api_name="recommend", **MODEL)
    gr.api(encode, api_name="encode", **ENCODER)


def mcp_wanted() -> bool:
    """Whether MEALREC_MCP=1 asks for MCP tools too; say what is missing where they cannot be."""
    if os.environ.get("MEALREC_MCP") != "1":
        return False
    if find_spec("mcp") is None:
        print(
            'MEALREC_MCP=1 needs MCP: pip install "gradio[mcp]". The page opens without it.',
            file=sys.stderr,
        )
        return False
    return True


def encoded(service: Service, video: object, title: object, visit: str = "") -> dict:
    """Encode a video and return what docs/api.md says of /encode; the upload is the visit's."""
    # Gradio's clients send a file as its path on this server, alone or with more about it.
    path = video.get("path") if isinstance(video, dict) else video
    if not isinstance(path, str) or not is_uploaded(path):
        raise RequestError(
            f"video: expected a file sent with gradio_client.handle_file, got {shown(video)}."
        )
    if not isinstance(title, str):
        raise RequestError(f"title: expected text, got {shown(title)}.")

    # The last report is the upload itself.
    reports = service.encode(path, title, visit)
    upload = next(report for report in reports if not isinstance(report, Progress))
    return upload.to_dict()
