"""The size and shape of a set of histories (Table 1), and what makes ranking over them hard."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mealrec import figures
from mealrec.data.catalogue import Catalogue
from mealrec.data.interactions import leave_one_out

COLUMNS = {
    "#Users": ("users", "{:,}"),
    "#Items": ("items", "{:,}"),
    "#Interactions": ("interactions", "{:,}"),
    "Avg. Length": ("mean_length", "{:.2f}"),
    "Sparsity": ("sparsity", "{:.2%}"),
    "Unseen test items": ("unseen_test_items", "{:.2%}"),
    "Unseen test rows": ("unseen_test_rows", "{:.2%}"),
    "Gini": ("popularity_gini", "{:.3f}"),
}


def describe(histories: Sequence[Sequence[str]]) -> dict:
    """Return the size and shape of histories, one sequence of item ids a user.

    `sparsity` is the share of user-item pairs without an interaction, `popularity_gini` 0 where all
    items are clicked alike, `top_tenth_share` the clicks on the most clicked tenth of the items.
    """
    # Clicks a user, and clicks an item.
    lengths = np.array([len(history) for history in histories])
    clicked = np.concatenate([np.asarray(history) for history in histories])
    _, clicks = np.unique(clicked, return_counts=True)
    items = len(clicks)

    # How unequal the clicks are spread over the items.
    ascending = np.sort(clicks)
    ranks = np.arange(1, items + 1)
    gini = 2 * (ranks @ ascending) / (items * clicks.sum()) - (items + 1) / items
    top = max(1, round(items / 10))
    interactions = int(lengths.sum())
    return {
        "users": len(histories),
        "items": items,
        "interactions": interactions,
        "mean_length": float(lengths.mean()),
        "length_quartiles": np.quantile(lengths, [0.25, 0.5, 0.75]).tolist(),
        "longest": int(lengths.max()),
        "popularity_gini": float(gini),
        "top_tenth_share": float(ascending[-top:].sum() / clicks.sum()),
        "sparsity": 1 - interactions / (len(histories) * items),
    }


def statistics(catalogue: Catalogue) -> dict:
    """Return a catalogue's row of Table 1 in a form that JSON can hold: see `describe`.

    `unseen_test_items` is the share of the items tested that no training sequence holds,
    `unseen_test_rows` the share of the users tested on one: a model that knows items by their IDs
    alone cannot rank those.
    """
    # Which of the tested items are in no training sequence?
    split = leave_one_out(catalogue)
    trained = list({item for sequence in split.train for item in sequence})
    tested = np.unique(split.test.targets)
    return {
        **describe(list(catalogue.histories.values())),
        "test_rows": len(split.test),
        "unseen_test_items": _share(~np.isin(tested, trained)),
        "unseen_test_rows": _share(~np.isin(split.test.targets, trained)),
    }


def table(rows: dict[str, dict]) -> str:
    """Return Table 1 in Markdown, a row for each named result of `statistics`."""
    body = []
    for name, values in rows.items():
        cells = [shape.format(values[key]) for key, shape in COLUMNS.values()]
        body.append([name, *cells])
    return figures.table(["Dataset", *COLUMNS], body)


def _share(chosen: np.ndarray) -> float:
    return float(chosen.mean()) if len(chosen) else 0.0
