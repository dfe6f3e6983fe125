"""The look that Gradio's own components get; everything drawn by hand is in static/app.css."""

from __future__ import annotations

import gradio as gr
from gradio.themes.utils.fonts import LocalFont

# From light to dark; c600 is the accent on a light page, c400 on a dark one.
_VIOLET = gr.themes.Color(
    name="mealrec",
    c50="#f4f1ff",
    c100="#e9e3ff",
    c200="#d5caff",
    c300="#b9a6ff",
    c400="#a48bff",
    c500="#8463ff",
    c600="#613cf5",
    c700="#5a37e0",
    c800="#4a2fb5",
    c900="#3c298f",
    c950="#241659",
)
_INK = gr.themes.Color(
    name="ink",
    c50="#f7f6fa",
    c100="#efedf4",
    c200="#e3e0ea",
    c300="#cbc7d6",
    c400="#9b96aa",
    c500="#736e83",
    c600="#565166",
    c700="#3c384a",
    c800="#26232f",
    c900="#1a1821",
    c950="#121017",
)


def theme() -> gr.themes.Base:
    """Return the page's theme: two hues, and fonts that ship with Gradio, so nothing is fetched."""
    base = gr.themes.Base(
        primary_hue=_VIOLET,
        secondary_hue=_VIOLET,
        neutral_hue=_INK,
        radius_size=gr.themes.sizes.radius_md,
        text_size=gr.themes.sizes.text_md,
        # Regular and Bold hold the whole alphabet; the SemiBold that Gradio ships is a subset
        # without some letters.
        font=(
            LocalFont("IBM Plex Sans", weights=(400, 700)),
            "ui-sans-serif",
            "system-ui",
            "sans-serif",
        ),
        font_mono=("ui-monospace", "monospace"),
    )
    # The grounds first, then fields, buttons and sliders; what ends in _dark is the dark page's.
    return base.set(
        body_background_fill="#f7f6fa",
        body_background_fill_dark="#121017",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#1a1821",
        body_text_color_subdued="*neutral_500",
        block_background_fill="#ffffff",
        block_background_fill_dark="#1a1821",
        block_border_color="#e3e0ea",
        block_border_color_dark="#2d2938",
        block_border_width="1px",
        block_shadow="none",
        input_background_fill="#ffffff",
        input_background_fill_dark="#211e2a",
        input_border_color="#e3e0ea",
        input_border_color_dark="#37323f",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_500",
        button_primary_text_color="#ffffff",
        button_secondary_background_fill="#ffffff",
        button_secondary_background_fill_dark="#26232f",
        button_secondary_border_color="#e3e0ea",
        button_secondary_border_color_dark="#3c384a",
        slider_color="*primary_600",
        slider_color_dark="*primary_400",
    )
