"""Bring your own clip: drop a video, watch it being encoded, and it joins the history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from app.look.markup import CLICK_ACTIONS, picture_url, render
from app.session.service import Progress, Service
from app.views.parts import card, percent
from mealrec.errors import MealRecError

if TYPE_CHECKING:
    import numpy as np

    from mealrec.features.visual import Sight
    from mealrec.recommender.uploads import Upload

_EXAMPLES_FOLDER = Path(gr.__file__).parent / "media_assets" / "videos"
_EXAMPLES = {
    "world": "The Earth by night, 30 s",
    "b": "The Earth by night, 5 s",
    "a": "A closing title, 7 s",
}
# What the report shows of the catalogue, and how large a frame is.
_NEAREST_SHOWN = 6
_PICTURE_HEIGHT = 200
# One preview at a time, since each has to decode a video.
PREVIEW = {"concurrency_id": "preview", "concurrency_limit": 1, "trigger_mode": "always_last"}
# A codec that the browser lacks raises no error: there is a player, and its picture has no size.
# Gives Python the video only where that is so.
UNPLAYABLE = """
async (video) => {
  for (let tries = 0; video && tries < 80; tries += 1) {
    const player = document.querySelector('#upload-video video');
    if (player?.currentSrc.endsWith(encodeURI(video.path)) || player?.currentSrc === video.url) {
      if (player.error) return video;
      const isKnown = player.readyState >= HTMLMediaElement.HAVE_METADATA;
      if (isKnown) return player.videoWidth ? null : video;
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


def build() -> UploadView:
    """Draw the drop zone, the optional title, the buttons and the examples."""
    refusal = gr.HTML("", visible=False, elem_id="upload-refusal")
    with gr.Row(elem_id="upload-columns") as columns:
        # What is given: a video and its title.
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
        # What is offered, and later what came of it.
        with gr.Column(scale=5, min_width=260):
            found = {key: label for key, label in _EXAMPLES.items() if example_path(key)}
            examples = gr.HTML(
                render("examples.html", examples=found),
                js_on_load=CLICK_ACTIONS,
                elem_id="upload-examples",
            )
            report = gr.HTML(idle(), elem_id="upload-report")
    return UploadView(video, preview, title, encode, stop, report, examples, columns, refusal)


def example_path(key: str) -> str | None:
    """Return the path of an example that ships with Gradio, or None where it has none."""
    path = _EXAMPLES_FOLDER / f"{key}.mp4"
    return str(path) if key in _EXAMPLES and path.is_file() else None


def example_paths() -> list[str]:
    """Return the paths of all examples."""
    paths = map(example_path, _EXAMPLES)
    return [path for path in paths if path is not None]


def encoded(service: Service, path: str, title: str, visit: str = "") -> Iterator[tuple[str, str]]:
    """Encode a video: yields (markup, "") while it goes on and (markup, upload_id) at last."""
    for report in service.encode(path, title, visit):
        # On the way its share in percent; at last what the model saw.
        if isinstance(report, Progress):
            share = round(100 * min(max(report.fraction, 0.0), 1.0))
            yield render("upload.html", stage=report.stage.capitalize(), percent=share), ""
        else:
            yield _done(service, report), report.upload_id


def preview(service: Service, path: str | None) -> str:
    """Return the moments of a video that the visitor's browser cannot play.

    Where they are not to be had either, it says why.
    """
    if not path:
        return ""
    # brings torch, for which the page does not wait
    from mealrec.recommender.uploads import UPLOAD_LIMITS

    media = service.recommender().media
    try:
        sampled = media.sampled(path, max_height=_PICTURE_HEIGHT, limits=UPLOAD_LIMITS)
    except MealRecError as error:
        return render("preview.html", frames=[], refusal=str(error))
    return render("preview.html", frames=_frames(sampled.frames, sampled.times_s, ()))


def idle(cancelled: bool = False) -> str:
    """Return the words below the drop zone while nothing is being encoded."""
    return render("upload.html", stage="", frames=[], cancelled=cancelled)


def rest(report: str) -> tuple:
    """Return the report, and cancel button, start button and video while nothing is encoded.

    The video's file is deleted by then, so that the drop zone is empty.
    """
    return report, gr.update(visible=False), gr.update(interactive=True), None


def offered(refusal: str) -> tuple:
    """Return the values of the columns and of the refusal, which stands in for the drop zone.

    There is one where a bundle takes no uploads.
    """
    if not refusal:
        return gr.skip(), gr.skip()
    reason = render("no_upload.html", reason=refusal)
    return gr.update(visible=False), gr.update(visible=True, value=reason)


def _done(service: Service, upload: Upload) -> str:
    """Return the frames that the model saw, and the clips of the catalogue that are closest."""
    # A cosine below zero is no likeness at all.
    nearest = []
    for item in upload.nearest[:_NEAREST_SHOWN]:
        likeness = percent(max(0.0, item.score))
        nearest.append((card(service, item.item_id), likeness))
    return render(
        "upload.html",
        stage="",
        title=upload.title or "Your clip",
        frames=_frames(upload.thumbnails, upload.times_s, upload.sights),
        nearest=nearest,
        resembles=upload.resembles is not False,  # None: nothing was measured that could tell
    )


def _frames(
    pictures: Iterable[np.ndarray], times_s: Sequence[float], seen: Sequence[Sequence[Sight]]
) -> list[dict]:
    """Return what is drawn of each frame; `seen` is what the encoder calls it, surest first."""
    # Where nothing was recognised, every frame stays without names.
    frames = []
    for picture, time, sights in zip(pictures, times_s, seen or [()] * len(times_s), strict=True):
        names = [f"{sight.name} {percent(sight.chance)}" for sight in sights]
        address = picture_url(picture, _PICTURE_HEIGHT)
        frames.append({"picture": address, "time": f"{time:.1f}", "sights": names})
    return frames
