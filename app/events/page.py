"""What every event needs: the page's components, how events run, what an edit gives values for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import gradio as gr

from app.session.service import Service

if TYPE_CHECKING:
    from app.views import (
        about,
        catalogue,
        compare,
        effects,
        kind_map,
        recommendations,
        upload,
        viewers,
    )

# No event is an endpoint, and none dims what it redraws.
QUIET = {"api_visibility": "private", "show_progress": "hidden"}
# Of several events at once only the latest is answered.
LATEST = {"trigger_mode": "always_last", **QUIET}


@dataclass(frozen=True)
class Page:
    """Every component that an event reads or writes."""

    service: Service
    # What a visit asks, here and in the browser.
    session: gr.State
    stored: gr.BrowserState
    # The header and the caption of "Show me".
    header: gr.HTML
    show: gr.HTML
    # The row at the top.
    history: gr.HTML
    wants: gr.HTML
    moments: gr.HTML
    # What clips are picked from, and the ranking.
    pick_tabs: gr.Tabs
    catalogue: catalogue.CatalogueView
    upload: upload.UploadView
    effects: effects.EffectsView
    ranked: recommendations.RecommendationsView
    # The tabs below, and the account of the model.
    inside_tabs: gr.Tabs
    inside: list[gr.HTML]
    trace: gr.HTML
    map: kind_map.MapView
    compare: compare.CompareView
    viewers: viewers.ViewersView
    about: about.AboutView

    @property
    def edited(self) -> list[gr.components.Component]:
        """Return what an edit of the history gives values for, see `views.history.values`."""
        return [self.session, self.history, self.stored]
