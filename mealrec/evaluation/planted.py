"""What only a drawn catalogue allows: the oracles' ceiling, and the planted moment of every clip.

This reads the truth that the sample catalogue keeps beside its data. Nothing in training imports
it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from mealrec.data.catalogue import Catalogue
from mealrec.data.interactions import EvaluationRows
from mealrec.progress import Progress
from mealrec.ranking.ranks import Scorer
from mealrec.sample.oracle import HistoryOracle, predict_with_interests, world_from_truth
from mealrec.sample.viewers import ClipWorld

SAME_CLIPS = "oracle: sees the same ten clips"


@dataclass(frozen=True)
class PlantedTruth:
    """The chances behind every click, each viewer's record, and each clip's shots (motif,
    start_s)."""

    world: ClipWorld
    viewers: dict[str, dict]
    shots: dict[str, list[SimpleNamespace]]

    def motifs_at(self, item_id: str, times_s: np.ndarray) -> list[str]:
        """Return the motif seen at each time of a clip."""
        shots = self.shots[item_id]
        starts = [shot.start_s for shot in shots]
        return [
            shots[max(0, int(i))].motif for i in np.searchsorted(starts, times_s, side="right") - 1
        ]

    def interest_at(self, user: str, position: int) -> frozenset[str]:
        """Return the motifs a viewer is out for at a click: the interests, and what was wanted
        there."""
        record = self.viewers[user]
        wanted = record["wanted"][position]
        return frozenset(record["interests"]) | ({wanted} if wanted else set())


def read_truth(folder: Path | str) -> PlantedTruth:
    """Read `truth/` beside a sample catalogue."""
    folder = Path(folder) / "truth"
    record = json.loads((folder / "viewers.json").read_text())
    clips = json.loads((folder / "clips.json").read_text())
    shots = {
        item: [SimpleNamespace(**shot) for shot in clip["shots"]] for item, clip in clips.items()
    }
    plans = [SimpleNamespace(item_id=item, shots=shots[item]) for item in record["item_ids"]]
    return PlantedTruth(world_from_truth(plans, record), record["viewers"], shots)


def oracle_scorers(
    truth: PlantedTruth, catalogue: Catalogue, rows: EvaluationRows, progress: Progress
) -> dict[str, Scorer]:
    """Return scorers over `rows` (in order, in one batch): of what the model sees, of more, and of
    the truth.

    "sees the same clips" reads a row's own clips and no others; "sees the history" every click
    before the target, held-out clips and all; "knows the interests" is told them, and what each
    click was made for.
    """
    column = np.array([catalogue.index[item] for item in truth.world.item_ids])
    place = {item: number for number, item in enumerate(truth.world.item_ids)}
    given = [
        [place[catalogue.item_ids[item - 1]] for item in row[row > 0]] for row in rows.histories
    ]
    clicks = [[place[item] for item in catalogue.histories[user][:-1]] for user in rows.users]
    oracle = HistoryOracle(truth.world)
    width = len(catalogue.item_ids) + 1

    def told(row: int) -> np.ndarray:
        return predict_with_interests(truth.world, truth.viewers[rows.users[row]], clicks[row])

    def over_rows(name: str, predict: Callable[[int], np.ndarray]) -> Scorer:
        def score(histories: np.ndarray) -> np.ndarray:
            if len(histories) != len(rows):
                raise ValueError(
                    f"an oracle scores all {len(rows)} rows at once, got {len(histories)}"
                )
            scores = np.zeros((len(rows), width))
            for row in range(len(rows)):
                scores[row, column] = predict(row)
                progress.reaches(name, row, len(rows))
            return scores

        return score

    predictions = {
        SAME_CLIPS: lambda row: oracle.predict(given[row]),
        "oracle: sees the history": lambda row: oracle.predict(clicks[row]),
        "oracle: knows the interests": told,
    }
    return {name: over_rows(name, predict) for name, predict in predictions.items()}
