"""One trained model under test: its items, its walks, and the viewers who answer for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import torch

from mealrec.data.interactions import EvaluationRows
from mealrec.evaluation.setting import Setting
from mealrec.explain.evidence import Anybody
from mealrec.explain.walks import Walks
from mealrec.models.mealrec import MealRec
from mealrec.models.table import Items
from mealrec.progress import Progress

ROWS = 128
MORE = 10


@dataclass(frozen=True)
class Subject:
    """A model, how many viewers of validation and of test have frames hidden, and who is told
    how far it is."""

    setting: Setting
    model: MealRec
    count: int
    progress: Progress

    @cached_property
    def items(self) -> Items:
        with torch.no_grad():
            return self.model.items(self.setting.features)

    @cached_property
    def anybody(self) -> Anybody:
        return Anybody.of(self.model, self.setting.features, self.items)

    @cached_property
    def parts(self) -> dict[str, EvaluationRows]:
        """Return rows of both parts with two clips of history or more, a fixed draw: every set
        of frames is hidden."""
        return self._drawn(self.count)

    @cached_property
    def more(self) -> dict[str, EvaluationRows]:
        """Return MORE times as many, for what takes a few walks a viewer."""
        return self._drawn(MORE * self.count)

    def _drawn(self, count: int) -> dict[str, EvaluationRows]:
        split = {"validation": self.setting.split.validation, "test": self.setting.split.test}
        long = {name: rows.pick((rows.histories > 0).sum(1) > 1) for name, rows in split.items()}
        return {name: rows.sample(count, seed=0) for name, rows in long.items()}

    def walks(self, what: str, rows: EvaluationRows) -> Iterator[Walks]:
        """Yield the walks of some rows at a time, nothing hidden; `what` says what they are for."""
        for part in self.progress.through(what, torch.from_numpy(rows.histories).split(ROWS)):
            yield Walks(self.model, self.items, part)
