"""Leave-one-out: the last click tests, the one before validates, the rest trains (Sec. 5.1.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mealrec.data.catalogue import LEAST_CLICKS, Catalogue
from mealrec.errors import DataFormatError


@dataclass(frozen=True)
class EvaluationRows:
    """Histories [R, L] of item indices, right-padded with 0, targets [R], and whose they are."""

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
        """Return `count` rows drawn without replacement, in their order; all where fewer are."""
        if count >= len(self):
            return self
        # As a mask, which keeps the rows' order.
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
    index = catalogue.index
    held_out = {index[item] for item in catalogue.held_out}
    train = []
    validation = []
    test = []
    as_target = []
    as_last = []
    for user, watched in catalogue.histories.items():
        items = [index[item] for item in watched]
        if len(items) < 2:
            continue
        # The last click, the one before it, and what came before both.
        *past, target = items
        *earlier, last = past
        known = [item for item in past if item not in held_out]
        known_earlier = [item for item in earlier if item not in held_out]

        # All but the last two train; each of the two is ranked for with what came before it.
        if len(known_earlier) > 1:
            train.append(tuple(known_earlier[-max_length - 1 :]))
        if known_earlier and last not in held_out:
            validation.append((user, known_earlier, last))
        if known and target not in held_out:
            test.append((user, known, target))

        # Items that training has never seen, as what is looked for and as what was watched last.
        if known and target in held_out:
            as_target.append((user, known, target))
        if known_earlier and last in held_out and target not in held_out:
            as_last.append((user, [*known_earlier, last], target))
    return Split(
        tuple(train),
        validation=_rows(validation, max_length),
        test=_rows(test, max_length),
        held_out_target=_rows(as_target, max_length),
        held_out_last=_rows(as_last, max_length),
    )


def whole_histories(catalogue: Catalogue, max_length: int = 10) -> tuple[tuple[int, ...], ...]:
    """Return what `Split.train` would be with nothing put aside for validation and test.

    Held-out items stay out.
    """
    # One item more than a model reads: the last one is a target.
    index = catalogue.index
    found = []
    for watched in catalogue.histories.values():
        sequence = [index[item] for item in watched if item not in catalogue.held_out]
        if len(sequence) > 1:
            found.append(tuple(sequence[-max_length - 1 :]))
    return tuple(found)


def check_learnable(split: Split) -> None:
    """Raise DataFormatError where there is no sequence to train on, or no row to validate on."""
    if not split.train or not len(split.validation):
        raise DataFormatError(
            f"no viewer has {LEAST_CLICKS} clicks or more on clips that training may see: the last "
            "one tests, the one before validates, and two at least are left to learn from. Gather "
            "more clicks, or hold fewer clips out."
        )


def pad(sequences: list, length: int) -> np.ndarray:
    """Return [R, length] with each sequence's last `length` items, right-padded with 0."""
    padded = np.zeros((len(sequences), length), np.int64)
    for row, sequence in enumerate(sequences):
        kept = sequence[-length:]
        padded[row, : len(kept)] = kept
    return padded


def _rows(rows: list[tuple[str, list[int], int]], max_length: int) -> EvaluationRows:
    """Return (user, history, target) tuples as arrays."""
    users = tuple(user for user, _, _ in rows)
    histories = pad([history for _, history, _ in rows], max_length)
    targets = np.array([target for _, _, target in rows], np.int64)
    return EvaluationRows(users, histories, targets)
