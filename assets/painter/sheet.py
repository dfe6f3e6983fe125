"""A labelled contact sheet of all motifs, for people to look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from assets.painter.canvas import HEIGHT, WIDTH
from assets.painter.preview import still
from assets.painter.scenes import motif, motifs

VARIATIONS = 6
STILL_WIDTH = 112
STILL_HEIGHT = round(STILL_WIDTH * HEIGHT / WIDTH)
GAP, LABEL_HEIGHT, GUTTER, MARGIN = 5, 30, 34, 30
BLOCKS = 3  # strips side by side
GROUND, NAME_COLOUR, TOPIC_COLOUR = (17, 19, 26), (238, 240, 246), (140, 148, 168)


def labelled_contact_sheet() -> Image.Image:
    """Return the picture: a strip of variations for each motif, ordered by topic, its name above."""
    names = sorted(motifs(), key=lambda name: (motif(name).TOPIC, name))
    rows = -(-len(names) // BLOCKS)
    strip_width = VARIATIONS * (STILL_WIDTH + GAP) - GAP
    width = 2 * MARGIN + BLOCKS * strip_width + (BLOCKS - 1) * GUTTER
    height = 2 * MARGIN + rows * (LABEL_HEIGHT + STILL_HEIGHT + GAP) - GAP
    sheet = Image.new("RGB", (width, height), GROUND)
    for index, name in enumerate(names):
        left = MARGIN + (index // rows) * (strip_width + GUTTER)
        top = MARGIN + (index % rows) * (LABEL_HEIGHT + STILL_HEIGHT + GAP)
        _label(sheet, left, top, name)
        sheet.paste(Image.fromarray(_strip(name, 7 * index)), (left, top + LABEL_HEIGHT))
    return sheet


def save_contact_sheet(path: Path) -> None:
    """Draw the contact sheet and write it as JPEG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    labelled_contact_sheet().save(path, quality=88)


def _strip(name: str, first_seed: int) -> np.ndarray:
    """Return one motif's variations side by side, uint8 [STILL_HEIGHT, strip width, 3]."""
    gap = np.full((STILL_HEIGHT, GAP, 3), GROUND, np.uint8)
    parts = []
    for number in range(VARIATIONS):
        parts += [still(name, first_seed + number, 0.4 + 0.4 * number, STILL_WIDTH), gap]
    return np.hstack(parts[:-1])


def _label(sheet: Image.Image, left: int, top: int, name: str) -> None:
    pen = ImageDraw.Draw(sheet)
    text = name.replace("_", " ")
    large, small = ImageFont.load_default(15), ImageFont.load_default(12)
    pen.text((left, top + 7), text, NAME_COLOUR, large)
    pen.text((left + pen.textlength(text, large) + 8, top + 10), motif(name).TOPIC, TOPIC_COLOUR, small)
