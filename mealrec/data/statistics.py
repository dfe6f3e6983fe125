"""The size and shape of a set of histories, as in Table 1, and what makes a ranking over them
hard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

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


@dataclass(frozen=True)
class PairStatistics:
    """The size and shape of a set of histories."""

    users: int
    items: int
    interactions: int
    mean_length: float
    length_quartiles: tuple[float, float, float]
    longest: int
    popularity_gini: float
    top_tenth_share: float

    @property
    def sparsity(self) -> float:
        """Return the share of user-item pairs without an interaction."""
        return 1 - self.interactions / (self.users * self.items)


def describe(histories: Sequence[Sequence[str]]) -> PairStatistics:
    """Return the statistics of histories, one sequence of item ids a user."""
    lengths = np.array([len(history) for history in histories])
    _, clicks = np.unique(
        np.concatenate([np.asarray(history) for history in histories]), return_counts=True
    )
    ascending = np.sort(clicks)
    ranks = np.arange(1, len(clicks) + 1)
    top = max(1, round(len(clicks) / 10))
    return PairStatistics(
        users=len(histories),
        items=len(clicks),
        interactions=int(lengths.sum()),
        mean_length=float(lengths.mean()),
        length_quartiles=tuple(np.quantile(lengths, [0.25, 0.5, 0.75]).tolist()),
        longest=int(lengths.max()),
        popularity_gini=float(
            2 * (ranks @ ascending) / (len(clicks) * clicks.sum()) - (len(clicks) + 1) / len(clicks)
        ),
        top_tenth_share=float(ascending[-top:].sum() / clicks.sum()),
    )


def statistics(catalogue: Catalogue) -> dict:
    """Return a catalogue's row of Table 1, and what a ranking over it must cope with, in a form
    that JSON can hold.

    `unseen_test_items` is the share of the items tested that no training sequence holds,
    `unseen_test_rows` the share of the users tested on one: a model that knows items by their IDs
    alone cannot rank those.
    """
    pairs, split = describe(list(catalogue.histories.values())), leave_one_out(catalogue)
    trained = np.unique(
        np.concatenate([np.asarray(sequence) for sequence in split.train] or [np.zeros(0, int)])
    )
    tested = np.unique(split.test.targets)
    return {
        **vars(pairs),
        "length_quartiles": list(pairs.length_quartiles),
        "sparsity": pairs.sparsity,
        "test_rows": len(split.test),
        "unseen_test_items": _share(~np.isin(tested, trained)),
        "unseen_test_rows": _share(~np.isin(split.test.targets, trained)),
    }


def table(rows: dict[str, dict]) -> str:
    """Return Table 1 in Markdown, a row for each named result of `statistics`."""
    head = [f"| Dataset | {' | '.join(COLUMNS)} |", "|---|" + "---:|" * len(COLUMNS)]
    return "\n".join([*head, *(_row(name, values) for name, values in rows.items())]) + "\n"


def _row(name: str, values: dict) -> str:
    return (
        f"| {name} | {' | '.join(shape.format(values[key]) for key, shape in COLUMNS.values())} |"
    )


def _share(chosen: np.ndarray) -> float:
    return float(chosen.mean()) if len(chosen) else 0.0
