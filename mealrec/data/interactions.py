"""Leave-one-out: the last click tests, the one before validates, the rest trains (Sec. 5.1.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mealrec.data.catalogue import LEAST_CLICKS, Catalogue
from mealrec.errors import DataFormatError


@dataclass(frozen=True)
class EvaluationRows:
    """Histories [R, L] of item indices, right-padded with 0, their targets [R], and whose they
    are."""

    users: tuple[str, ...]
    histories: np.ndarray
    targets: np.ndarray

    def __len__(self) -> int:
        return len(self.users)

    def pick(self, chosen: np.ndarray) -> EvaluationRows:
        """Return the rows where `chosen` [R] bool is true."""
        users = tuple(user for user, keep in zip(self.users, chosen, strict=True) if keep)
        return EvaluationRows(users, self.histories[chosen], self.targets[chosen])

    def sample(self, count: int, seed: int) -> EvaluationRows:
        """Return `count` rows drawn without replacement (all, where there are fewer), in their
        order."""
        if count >= len(self):
            return self
        chosen = np.zeros(len(self), bool)
        chosen[np.random.default_rng(seed).choice(len(self), count, replace=False)] = True
        return self.pick(chosen)


@dataclass(frozen=True)
class Split:
    """Training sequences (item indices, oldest first) and the rows of validation and test.

    Held-out items appear in no training sequence, and in validation and test only in the rows named
    `held_out_*`: as the target, or as the last item of the history.
    """

    train: tuple[tuple[int, ...], ...]
    validation: EvaluationRows
    test: EvaluationRows
    held_out_target: EvaluationRows
    held_out_last: EvaluationRows


def leave_one_out(catalogue: Catalogue, max_length: int = 10) -> Split:
    """Split every user's history; sequences are cut to the last `max_length` items."""
    index, held_out = catalogue.index, {catalogue.index[item] for item in catalogue.held_out}
    train, validation, test, as_target, as_last = [], [], [], [], []
    for user, watched in catalogue.histories.items():
        items = [index[item] for item in watched]
        if len(items) < 2:
            continue
        sequence = [item for item in items[:-2] if item not in held_out]
        if len(sequence) > 1:
            train.append(tuple(sequence[-max_length - 1 :]))
        for rows, past, target in (
            (validation, items[:-2], items[-2]),
            (test, items[:-1], items[-1]),
        ):
            known = [item for item in past if item not in held_out]
            if known and target not in held_out:
                rows.append((user, known, target))
        past, target = items[:-1], items[-1]
        earlier = [item for item in past[:-1] if item not in held_out]
        if target in held_out and (known := [item for item in past if item not in held_out]):
            as_target.append((user, known, target))
        if past and past[-1] in held_out and target not in held_out and earlier:
            as_last.append((user, [*earlier, past[-1]], target))
    return Split(
        tuple(train), *(_rows(rows, max_length) for rows in (validation, test, as_target, as_last))
    )


def whole_histories(catalogue: Catalogue, max_length: int = 10) -> tuple[tuple[int, ...], ...]:
    """Return what `Split.train` would be with nothing put aside: validation's and the test's clicks
    are in it too.

    Held-out items stay out.
    """
    index, held_out = catalogue.index, {catalogue.index[item] for item in catalogue.held_out}
    found = []
    for watched in catalogue.histories.values():
        sequence = [index[item] for item in watched if index[item] not in held_out]
        if len(sequence) > 1:
            found.append(tuple(sequence[-max_length - 1 :]))
    return tuple(found)


def check_learnable(split: Split) -> None:
    """Raise DataFormatError where there is no sequence to train on, or no row to validate on."""
    if not split.train or not len(split.validation):
        raise DataFormatError(
            f"no viewer has {LEAST_CLICKS} clicks or more on clips that training may see: the last one tests, the one "
            "before validates, and two at least are left to learn from. Gather more clicks, or hold fewer clips out."
        )


def pad(sequences: list, length: int) -> np.ndarray:
    """Return [R, length] with each sequence's last `length` items, right-padded with 0."""
    padded = np.zeros((len(sequences), length), np.int64)
    for row, sequence in enumerate(sequences):
        kept = sequence[-length:]
        padded[row, : len(kept)] = kept
    return padded


def _rows(rows: list[tuple[str, list[int], int]], max_length: int) -> EvaluationRows:
    users, histories, targets = zip(*rows, strict=True) if rows else ((), (), ())
    return EvaluationRows(
        tuple(users), pad(list(histories), max_length), np.asarray(targets, np.int64)
    )
