"""Bring your own clip: drop a video, watch it being encoded, and it joins the history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from app.look.markup import CLICK_ACTIONS, picture_url, render
from app.session.service import Progress, Service
from app.views.cards import cards
from app.views.shares import percent
from mealrec.errors import MealRecError

if TYPE_CHECKING:
    import numpy as np

    from mealrec.features.sights import Sight
    from mealrec.recommender.uploads import Upload

_EXAMPLES_FOLDER = Path(gr.__file__).parent / "media_assets" / "videos"
_EXAMPLE_LABELS = {
    "world": "The Earth by night, 30 s",
    "b": "The Earth by night, 5 s",
    "a": "A closing title, 7 s",
}
_NEAREST_SHOWN = 6
_PICTURE_HEIGHT = 200
PREVIEW = {"concurrency_id": "preview", "concurrency_limit": 1, "trigger_mode": "always_last"}
# A codec that the browser lacks raises no error: there is a player, and its picture has no size.
# Gives Python the video only where that is so.
UNPLAYABLE = """
async (video) => {
  for (let tries = 0; video && tries < 80; tries += 1) {
    const player = document.querySelector('#upload-video video');
    if (player?.currentSrc.endsWith(encodeURI(video.path)) || player?.currentSrc === video.url) {
      if (player.error) return video;
      if (player.readyState >= HTMLMediaElement.HAVE_METADATA) return player.videoWidth ? null : video;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return null;
}
"""


@dataclass(frozen=True)
class UploadView:
    """The view's components; `encode` and `stop` are its two buttons."""

    video: gr.Video
    preview: gr.HTML
    title: gr.Textbox
    encode: gr.Button
    stop: gr.Button
    report: gr.HTML
    examples: gr.HTML
    columns: gr.Row
    refusal: gr.HTML

    @property
    def offer(self) -> list[gr.blocks.Block]:
        """Return what `offered` gives values for."""
        return [self.columns, self.refusal]


@dataclass(frozen=True)
class Frame:
    """One frame that the model saw: its picture, its second, and what the encoder calls it, the
    surest first."""

    picture: str
    time: str
    sights: list[str]


@dataclass(frozen=True)
class Example:
    """A video that ships with Gradio."""

    key: str
    label: str


def build() -> UploadView:
    """Draw the drop zone, the optional title, the buttons and the examples."""
    refusal = gr.HTML("", visible=False, elem_id="upload-refusal")
    with gr.Row(elem_id="upload-columns") as columns:
        with gr.Column(scale=4, min_width=260):
            video = gr.Video(
                label="Your clip",
                show_label=False,
                sources=["upload"],
                height=300,
                elem_id="upload-video",
            )
            preview = gr.HTML("", elem_id="upload-preview")
            title = gr.Textbox(
                placeholder="Title (optional)",
                label="Title of your clip",
                show_label=False,
                container=False,
                max_length=200,
                elem_id="upload-title",
            )
            encode = gr.Button("Add to my history", variant="primary", elem_id="upload-encode")
            stop = gr.Button("Cancel", elem_id="upload-cancel", visible=False)
        with gr.Column(scale=5, min_width=260):
            examples = gr.HTML(
                render("examples.html", examples=_examples()),
                js_on_load=CLICK_ACTIONS,
                elem_id="upload-examples",
            )
            report = gr.HTML(idle(), elem_id="upload-report")
    return UploadView(video, preview, title, encode, stop, report, examples, columns, refusal)


def example_path(key: str) -> str | None:
    """Return the path of an example that ships with Gradio, or None where it has none of this
    name."""
    path = _EXAMPLES_FOLDER / f"{key}.mp4"
    return str(path) if key in _EXAMPLE_LABELS and path.is_file() else None


def example_paths() -> list[str]:
    """Return the paths of all examples."""
    return [path for key in _EXAMPLE_LABELS if (path := example_path(key))]


def encoded(service: Service, path: str, title: str, visit: str = "") -> Iterator[tuple[str, str]]:
    """Encode a video: yields (markup, "") while it goes on and (markup, upload_id) at last."""
    for report in service.encode(path, title, visit):
        if isinstance(report, Progress):
            yield _progress(report), ""
        else:
            yield _done(service, report), report.upload_id


def preview(service: Service, path: str | None) -> str:
    """Return the moments of a video that the visitor's browser cannot play, or why they are not
    to be had."""
    if not path:
        return ""
    # brings torch, for which the page does not wait
    from mealrec.recommender.uploads import UPLOAD_LIMITS

    try:
        sampled = service.recommender().media.sampled(
            path, max_height=_PICTURE_HEIGHT, limits=UPLOAD_LIMITS
        )
    except MealRecError as error:
        return render("preview.html", frames=[], refusal=str(error))
    return render(
        "preview.html", frames=_frames(sampled.frames, sampled.times_s, ((),) * len(sampled.frames))
    )


def idle(cancelled: bool = False) -> str:
    """Return the words below the drop zone while nothing is being encoded."""
    return render("upload.html", stage="", frames=[], cancelled=cancelled)


def rest(cancelled: bool = False) -> tuple:
    """Return report, cancel button, start button and video as they are while nothing is being
    encoded.

    The video's file is deleted by then, so that the drop zone is empty.
    """
    return idle(cancelled), gr.update(visible=False), gr.update(interactive=True), None


def offered(refusal: str) -> tuple:
    """Return the values of `offer`: where a bundle takes no uploads, the reason stands in place
    of the drop zone."""
    if not refusal:
        return gr.skip(), gr.skip()
    return gr.update(visible=False), gr.update(
        visible=True, value=render("no_upload.html", reason=refusal)
    )


def _progress(report: Progress) -> str:
    percent = round(100 * min(max(report.fraction, 0.0), 1.0))
    return render("upload.html", stage=report.stage.capitalize(), percent=percent)


def _done(service: Service, upload: Upload) -> str:
    frames = _frames(
        upload.thumbnails, upload.times_s, upload.sights or ((),) * len(upload.times_s)
    )
    nearest = upload.nearest[:_NEAREST_SHOWN]
    return render(
        "upload.html",
        stage="",
        title=upload.title or "Your clip",
        frames=frames,
        nearest=[
            (clip, percent(max(0.0, item.score)))
            for clip, item in zip(
                cards(service, (item.item_id for item in nearest)), nearest, strict=True
            )
        ],
        resembles=upload.resembles is not False,  # None: nothing was measured that could tell
    )


def _frames(
    pictures: Iterable[np.ndarray], times_s: Iterable[float], seen: Iterable[Sequence[Sight]]
) -> list[Frame]:
    return [
        Frame(
            picture_url(picture, _PICTURE_HEIGHT),
            f"{time:.1f}",
            [f"{sight.name} {percent(sight.chance)}" for sight in sights],
        )
        for picture, time, sights in zip(pictures, times_s, seen, strict=True)
    ]


def _examples() -> list[Example]:
    return [Example(key, label) for key, label in _EXAMPLE_LABELS.items() if example_path(key)]
