"""The truth behind every click and frame of a drawn catalogue, and how far its oracles get.

This reads the truth that the sample catalogue keeps next to its data; training never does. Letters
as in the models; P counts the motifs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor

from mealrec.data.catalogue import Catalogue
from mealrec.data.interactions import EvaluationRows
from mealrec.progress import Progress
from mealrec.ranking.ranks import Scorer
from mealrec.sample.oracle import HistoryOracle, wanted_at, world_from_truth
from mealrec.sample.viewers import ClipWorld

SAME_CLIPS = "oracle: sees the same ten clips"


@dataclass(frozen=True)
class PlantedTruth:
    """The chances behind every click, each viewer's record, and each clip's shots.

    A shot has a `motif` and a `start_s`.
    """

    world: ClipWorld
    viewers: dict[str, dict]
    shots: dict[str, list[SimpleNamespace]]

    def motifs_at(self, item_id: str, times_s: np.ndarray) -> list[str]:
        """Return the motif seen at each time of a clip."""
        shots = self.shots[item_id]
        starts_s = [shot.start_s for shot in shots]
        places = np.searchsorted(starts_s, times_s, side="right") - 1
        return [shots[max(0, int(place))].motif for place in places]

    def frame_motifs(self, catalogue: Catalogue, times_s: np.ndarray) -> Tensor:
        """Return the motif that each frame shows, one-hot [N+1, K, P]; zero for padding."""
        number = {motif: index for index, motif in enumerate(self.world.motifs)}
        shown = torch.zeros(*times_s.shape, len(number))
        for row, item_id in enumerate(catalogue.item_ids, start=1):
            for frame, motif in enumerate(self.motifs_at(item_id, times_s[row])):
                shown[row, frame, number[motif]] = 1
        return shown


def read_truth(folder: Path | str) -> PlantedTruth:
    """Read `truth/` of a sample catalogue."""
    folder = Path(folder) / "truth"
    record = json.loads((folder / "viewers.json").read_text())
    clips = json.loads((folder / "clips.json").read_text())
    shots = {}
    for item, clip in clips.items():
        shots[item] = [SimpleNamespace(**shot) for shot in clip["shots"]]
    plans = [SimpleNamespace(item_id=item, shots=shots[item]) for item in record["item_ids"]]
    return PlantedTruth(world_from_truth(plans, record), record["viewers"], shots)


class PlantedRows:
    """Evaluation rows and the truth behind them.

    `clicks`: what each viewer watched, in numbers of the truth's clips, oldest first; `places`:
    which of those clicks the row's history holds; `target_places`: which one the target is.
    `accidental` [R, L] bool: the click was no want (false on padding); `interests` [R, 2] motif
    numbers, equal where the viewer has one.
    """

    def __init__(self, truth: PlantedTruth, catalogue: Catalogue, rows: EvaluationRows):
        self.truth = truth
        self.rows = rows
        self.records = [truth.viewers[user] for user in rows.users]
        clip_number = {item_id: number for number, item_id in enumerate(truth.world.item_ids)}
        motif_number = {motif: number for number, motif in enumerate(truth.world.motifs)}
        self._ids = ("", *catalogue.item_ids)

        self.clicks = []
        self.places = []
        self.target_places = []
        self.interests = np.zeros((len(rows), 2), int)
        self.accidental = np.zeros(rows.histories.shape, bool)
        for row, (user, record) in enumerate(zip(rows.users, self.records, strict=True)):
            # Which clicks of the viewer the row holds.
            watched = catalogue.histories[user]
            shown = [self._ids[item] for item in rows.histories[row] if item]
            places = [watched.index(item_id) for item_id in shown]
            self.clicks.append([clip_number[item_id] for item_id in watched])
            self.places.append(places)
            self.target_places.append(watched.index(self._ids[rows.targets[row]]))

            # What they were made for.
            self.interests[row] = [motif_number[motif] for motif in record["interests"]]
            is_accident = [record["wanted"][place] is None for place in places]
            self.accidental[row, : len(places)] = is_accident

    @property
    def last_accidental(self) -> np.ndarray:
        """Return [R] bool: the history's last click was an accident."""
        last = (self.rows.histories > 0).sum(1) - 1
        return self.accidental[np.arange(len(last)), last]

    def wants_next(self) -> np.ndarray:
        """Return the chance [R, P] that each motif is wanted at the target.

        It is by interests, drift and habit as planted.
        """
        asked = zip(self.records, self.target_places, strict=True)
        return np.array([wanted_at(self.truth.world, record, place) for record, place in asked])

    def planted_moments(self, times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return which frames of each row's last clip show what the viewer was out for.

        `times_s` [N+1, K]. Returns matches [R, K] bool, and usable [R] bool, the rows that can
        tell: the click was no accident and the clip holds both matching and other frames.
        """
        matches = np.zeros((len(self.rows), times_s.shape[1]), bool)
        for row, record in enumerate(self.records):
            sought = {*record["interests"], record["wanted"][self.places[row][-1]]}
            matches[row] = [motif in sought for motif in self._last_motifs(row, times_s)]
        count = matches.sum(1)
        usable = ~self.last_accidental & (count > 0) & (count < matches.shape[1])
        return matches, usable

    def oracle_moments(self, times_s: np.ndarray, knows_habit: bool = True) -> np.ndarray:
        """Return the chance [R, K] that the viewer is out for what frame k of the last clip shows.

        It is given every click up to that one. The oracle knows each frame's motif and every chance
        behind the clicks; without the habit it takes each want for an interest. `times_s` [N+1, K].
        """
        # An oracle without the habit lives in a world that has none.
        world = self.truth.world
        if not knows_habit:
            world = replace(world, habits=replace(world.habits, habit_share=0.0))
        oracle = HistoryOracle(world)

        # The chance of each motif at the last click, read off for what its frames show.
        values = []
        for row, clicks in enumerate(self.clicks):
            chance = oracle.sought(clicks[: self.places[row][-1] + 1])
            motifs = self._last_motifs(row, times_s)
            values.append([chance[world.motifs.index(motif)] for motif in motifs])
        return np.array(values)

    def oracle_clicks(self) -> np.ndarray:
        """Return p(wanted | every click up to the history's end) of the history's clicks [R, L]."""
        # It reads every click up to the history's end, those that the model does not see as well.
        oracle = HistoryOracle(self.truth.world)
        values = np.zeros(self.rows.histories.shape)
        for row, places in enumerate(self.places):
            chances = oracle.wanted(self.clicks[row][: places[-1] + 1])
            values[row, : len(places)] = chances[places]
        return values

    def _last_motifs(self, row: int, times_s: np.ndarray) -> list[str]:
        """Return the motifs of the frames of a row's last clip."""
        item = self.rows.histories[row, len(self.places[row]) - 1]
        return self.truth.motifs_at(self._ids[item], times_s[item])


def oracle_scorers(
    truth: PlantedTruth, catalogue: Catalogue, rows: EvaluationRows, progress: Progress
) -> dict[str, Scorer]:
    """Return scorers over `rows`, in order, in one batch, by name.

    "sees the same clips" reads a row's own clips and no others; "sees the history" every click
    before the target, held-out clips and all; "knows the interests" is told them, and what each
    click was made for.
    """
    planted = PlantedRows(truth, catalogue, rows)
    oracle = HistoryOracle(truth.world)
    # Where each of the truth's clips stands among the catalogue's items.
    column = np.array([catalogue.index[item] for item in truth.world.item_ids])

    def same_clips(row: int) -> np.ndarray:
        return oracle.predict([planted.clicks[row][place] for place in planted.places[row]])

    def whole_history(row: int) -> np.ndarray:
        return oracle.predict(planted.clicks[row][:-1])

    def told(row: int) -> np.ndarray:
        clicks = planted.clicks[row][:-1]
        wanted = wanted_at(truth.world, planted.records[row], len(clicks))
        return truth.world.next_clip(wanted, clicks)

    def over_rows(name: str, predict: Callable[[int], np.ndarray]) -> Scorer:
        def score(histories: np.ndarray) -> np.ndarray:
            # An oracle knows viewers, not histories: it needs to know whose they are.
            if len(histories) != len(rows):
                raise ValueError(
                    f"an oracle scores all {len(rows)} rows at once, got {len(histories)}"
                )
            scores = np.zeros((len(rows), len(catalogue.item_ids) + 1))
            for row in range(len(rows)):
                scores[row, column] = predict(row)
                progress.reaches(name, row, len(rows))
            return scores

        return score

    predictions = {
        SAME_CLIPS: same_clips,
        "oracle: sees the history": whole_history,
        "oracle: knows the interests": told,
    }
    return {name: over_rows(name, predict) for name, predict in predictions.items()}


def shared_motif_precision(
    embedding: np.ndarray, queries: np.ndarray, motifs: list[set[str]], k: int = 10
) -> float:
    """Return P@k: how many of each query item's k nearest items share a motif with it.

    `embedding` [N, D] compared by cosine; `queries` indices [M]; `motifs` a set an item.
    """
    # The nearest by cosine, none to itself.
    unit = embedding / np.linalg.norm(embedding, axis=1, keepdims=True)
    similarity = unit[queries] @ unit.T
    similarity[np.arange(len(queries)), queries] = -np.inf
    nearest = np.argsort(-similarity, axis=1)[:, :k]
    # Which of them share a motif with the query.
    shares = []
    for query, items in zip(queries, nearest, strict=True):
        shares.append([bool(motifs[query] & motifs[item]) for item in items])
    return float(np.mean(shares))
