"""The page's header: name, sections, whether the model is there, light or dark."""

from __future__ import annotations

from typing import Literal

from app.look.markup import render

Status = Literal["warming", "ready", "failed"]
_WORDS: dict[Status, str] = {"warming": "warming up", "ready": "ready", "failed": "not available"}


def markup(status: Status, detail: str = "") -> str:
    """Return the header; `detail` is shown on hovering over the model's status."""
    return render("header.html", state=status, words=_WORDS[status], detail=detail)
