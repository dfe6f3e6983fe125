"""From plan to file: paints a clip's frames, encodes them as H.264 and picks a poster."""

from __future__ import annotations

import hashlib
import math
from functools import cache
from pathlib import Path

import av
import numpy as np
import skia
from PIL import Image

from assets.painter import scenes
from assets.painter.canvas import HEIGHT, LIGHTS, WIDTH
from assets.painter.clips import FPS, ClipPlan, Grade, Shot

SIZE = (int(WIDTH), int(HEIGHT))
ENCODER = {"crf": "27", "preset": "veryfast", "threads": "1"}  # one thread: the same bytes every time
GRAIN = 1.2  # levels of 255: enough to break up bands in night glows, too little to be seen
SHARED_SOURCES = ("props_*.py", "sets_*.py", "canvas.py", "render.py", "scenes/base.py")  # decide any shot's look
GRAIN_PERIOD = 8  # frames until the grain repeats
POSTER_MOMENTS = (0.35, 0.75)  # shares of a shot
POSTER_QUALITY = 82
LUMA = np.array([0.2126, 0.7152, 0.0722])


def grade_matrix(grade: Grade) -> list[float]:
    """Return the 4 x 5 colour matrix of a grade, row by row: hue, then saturation, contrast and warmth."""
    angle = math.radians(grade.hue)
    axis = np.full((3, 3), 1 / 3)
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    hue = math.cos(angle) * np.eye(3) + (1 - math.cos(angle)) * axis + math.sin(angle) * cross
    grey = np.tile(LUMA, (3, 1))
    saturation = grey + grade.saturation * (np.eye(3) - grey)
    warmth = np.diag([1 + grade.warmth, 1.0, 1 - grade.warmth])
    colour = warmth @ (grade.contrast * saturation @ hue)
    offset = warmth @ np.full(3, 0.5 * (1 - grade.contrast))
    rows = np.column_stack([colour, np.zeros(3), offset])
    return [*rows.ravel().tolist(), 0.0, 0.0, 0.0, 1.0, 0.0]


class ShotPainter:
    """A shot's scene behind its colour grade."""

    def __init__(self, shot: Shot):
        self.shot = shot
        light = next(light for light in LIGHTS if light.name == shot.light)
        painter = scenes.motif(shot.motif).Painter
        self._scene = painter(np.random.default_rng(shot.seed), light, shot.composition)
        self._filter = skia.ColorFilters.Matrix(grade_matrix(shot.grade))

    def presence(self, time_s: float) -> float:
        """Return how far the clip has gone over to this shot at a time: 0 before it, 1 from its blend's end on."""
        if not self.shot.dissolve_s:
            return float(time_s >= self.shot.start_s)
        share = (time_s - self.shot.start_s) / self.shot.dissolve_s + 0.5
        share = min(1.0, max(0.0, share))
        return share * share * (3 - 2 * share)

    def paint(self, canvas: skia.Canvas, time_s: float, alpha: float) -> None:
        """Paint the shot at clip time `time_s` over what is there."""
        layer = skia.Paint(ColorFilter=self._filter)
        layer.setAlphaf(alpha)
        canvas.saveLayer(None, layer)
        self._scene.paint_frame(canvas, time_s - self.shot.start_s + self.shot.dissolve_s / 2)
        canvas.restore()


class ClipPainter:
    """Paints any frame of a clip; the same plan always gives the same pixels."""

    def __init__(self, plan: ClipPlan):
        self._shots = [ShotPainter(shot) for shot in plan.shots]
        self._surface = skia.Surface(*SIZE)
        grain = np.random.default_rng(plan.shots[0].seed).normal(0, GRAIN, (GRAIN_PERIOD, *SIZE[::-1], 1))
        self._grain = np.rint(grain).astype(np.int16)

    def frame(self, index: int) -> np.ndarray:
        """Return the RGB frame [height, width, 3] at index / FPS seconds."""
        time_s = (index + 1e-6) / FPS  # the nudge keeps a hard cut on its frame whatever the rounding
        presence = [shot.presence(time_s) for shot in self._shots]
        first = max(index for index, share in enumerate(presence) if share >= 1)
        with self._surface as canvas:
            canvas.clear(skia.ColorBLACK)
            for shot, share in zip(self._shots[first:], presence[first:], strict=True):
                if share > 0:
                    shot.paint(canvas, time_s, share)
        pixels = self._surface.toarray(colorType=skia.kRGBA_8888_ColorType)[:, :, :3]
        return np.clip(pixels + self._grain[index % GRAIN_PERIOD], 0, 255).astype(np.uint8)


def render_clip(plan: ClipPlan, path: Path) -> None:
    """Write the clip as MP4 (H.264, yuv420p, FPS frames a second); a half-written file never bears the name."""
    painter = ClipPainter(plan)
    draft = path.with_suffix(".part")
    with av.open(str(draft), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=FPS, options=ENCODER)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for index in range(plan.num_frames):
            frame = av.VideoFrame.from_ndarray(painter.frame(index), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    draft.replace(path)


def render_poster(plan: ClipPlan, path: Path) -> None:
    """Write the clip's most striking still as WebP."""
    painter = ClipPainter(plan)
    moments = [shot.start_s + share * shot.duration_s for shot in plan.shots for share in POSTER_MOMENTS]
    stills = [painter.frame(round(moment * FPS)) for moment in moments]
    draft = path.with_suffix(".part")
    Image.fromarray(max(stills, key=_strikingness)).save(draft, "WEBP", quality=POSTER_QUALITY, method=6)
    draft.replace(path)


def fingerprint(plan: ClipPlan) -> str:
    """Return what identifies a rendered clip: its shots, the encoder's settings and its painters' source."""
    sources = [source_digest(name) for name in sorted({shot.motif for shot in plan.shots})]
    return hashlib.sha256(repr((plan.shots, ENCODER, sources)).encode()).hexdigest()[:16]


@cache
def source_digest(name: str) -> str:
    """Return a digest of all code that decides how a motif looks."""
    folder = Path(__file__).parent
    shared = sorted(source for pattern in SHARED_SOURCES for source in folder.glob(pattern))
    sources = [*shared, folder / "scenes" / f"{name}.py"]
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


def _strikingness(pixels: np.ndarray) -> float:
    """Return how much contrast and colour a still has (levels of 255)."""
    colour = pixels.astype(np.float32)
    return float((colour @ LUMA).std() + 0.5 * (colour.max(2) - colour.min(2)).mean())
