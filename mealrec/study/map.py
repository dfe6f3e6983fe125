"""Fig. 7's picture: t-SNE of what belongs to some viewers, a colour a viewer, a mark a kind."""

from __future__ import annotations

import numpy as np

from mealrec.errors import MealRecError
from mealrec.study.picture import COLOURS, INK, layout

KINDS = {"preference": "star", "target": "diamond", "frame": "circle"}


def project(places: np.ndarray, seed: int) -> np.ndarray:
    """Return [viewers, M, 2] of places [viewers, M, D], by t-SNE over cosine distances."""
    points = places.reshape(-1, places.shape[-1])
    perplexity = min(10.0, (len(points) - 1) / 3)
    tsne = _tsne()(perplexity=perplexity, metric="cosine", init="random", random_state=seed)
    return tsne.fit_transform(points).reshape(*places.shape[:2], 2)


def _tsne():
    try:
        from sklearn.manifold import TSNE  # for this one figure: nothing else needs it
    except ImportError:
        raise MealRecError(
            "Fig. 7 needs scikit-learn: pip install -r requirements-train.txt"
        ) from None
    return TSNE


def draw_map(title: str, points: dict[str, np.ndarray]) -> dict:
    """Return one panel a system; `points` {system: [viewers, 2 + K, 2]}: preference, target,
    frames 1 to K."""
    data, annotations, axes = [], [], {}
    for number, (name, places) in enumerate(points.items()):
        suffix = str(number + 1) if number else ""
        domain = [number / len(points) + 0.02, (number + 1) / len(points) - 0.02]
        for viewer, own in enumerate(places):
            data += _viewer(
                own, COLOURS[viewer % len(COLOURS)], suffix, named=not (number or viewer)
            )
        ticks = {"showticklabels": False, "showgrid": False, "mirror": True, "showline": True}
        axes |= {f"xaxis{suffix}": {**ticks, "domain": domain, "anchor": f"y{suffix}"}}
        axes |= {f"yaxis{suffix}": {**ticks, "anchor": f"x{suffix}"}}
        place = {
            "xref": "paper",
            "yref": "paper",
            "x": sum(domain) / 2,
            "y": 1.06,
            "xanchor": "center",
        }
        annotations.append(place | {"text": name, "showarrow": False})
    return {"data": data, "layout": layout(title, height=520, annotations=annotations, **axes)}


def _viewer(places: np.ndarray, colour: str, suffix: str, named: bool) -> list[dict]:
    kinds = {"preference": places[:1], "target": places[1:2], "frame": places[2:]}
    return [
        {
            "type": "scatter",
            "mode": "markers+text" if kind == "frame" else "markers",
            "name": kind,
            "showlegend": named,
            "x": np.round(own[:, 0].astype(float), 3).tolist(),
            "y": np.round(own[:, 1].astype(float), 3).tolist(),
            "text": [str(frame) for frame in range(1, len(own) + 1)] if kind == "frame" else None,
            "textfont": {"size": 8, "color": INK},
            "marker": {
                "symbol": KINDS[kind],
                "size": 11 if kind == "frame" else 14,
                "color": colour,
                "opacity": 0.55 if kind == "frame" else 1,
                "line": {"width": 0 if kind == "frame" else 1, "color": INK},
            },
            "xaxis": f"x{suffix}",
            "yaxis": f"y{suffix}",
        }
        for kind, own in kinds.items()
    ]
