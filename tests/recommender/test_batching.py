"""Requests that wait together are one batch: the same answers, no request held up or spoilt by another."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mealrec.question import Question
from mealrec.recommender.batching import Batcher, Clock
from tests.recommender.tiny_bundle import FRAMES, VARIANTS, tiny_upload

TIMEOUT_S = 20


class Gate:
    """Work that notes its batches; it holds the first one back until all that are to wait do."""

    def __init__(self, limit: int = 16):
        self.batches: list[list[int]] = []
        self.inside, self.opened = threading.Event(), threading.Event()
        self.batcher = Batcher(self.work, lambda value: value % 2, limit)

    def work(self, asked):
        self.batches.append(list(asked))
        if not self.inside.is_set():
            self.inside.set()
            assert self.opened.wait(TIMEOUT_S)
        if 13 in asked:
            raise ValueError("thirteen")
        return [10 * value for value in asked]

    def ask_together(self, first: int, others: list[int]) -> dict[int, object]:
        """Ask for `first`, then for the others one after the other, and let them all go."""
        with ThreadPoolExecutor(len(others) + 1) as threads:
            futures = {first: threads.submit(self.batcher.ask, first)}
            assert self.inside.wait(TIMEOUT_S)
            for count, value in enumerate(others, start=1):
                futures[value] = threads.submit(self.batcher.ask, value)
                while len(self.batcher._waiting) < count:
                    threading.Event().wait(0.001)
            self.opened.set()
            return {value: future.exception(TIMEOUT_S) or future.result() for value, future in futures.items()}


def test_what_waits_together_and_is_alike_is_one_batch():
    gate = Gate()
    answers = gate.ask_together(0, [3, 2, 5, 4, 7])
    assert answers == {value: 10 * value for value in (0, 3, 2, 5, 4, 7)}
    assert gate.batches == [[0], [3, 5, 7], [2, 4]], "the oldest first, and with it those like it"


def test_a_batch_has_a_limit():
    gate = Gate(limit=2)
    gate.ask_together(1, [3, 5, 7, 9, 11])
    assert gate.batches == [[1], [3, 5], [7, 9], [11]]


def test_an_error_is_its_own_requests_alone():
    gate = Gate()
    answers = gate.ask_together(1, [11, 13, 15])
    assert isinstance(answers.pop(13), ValueError)
    assert answers == {1: 10, 11: 110, 15: 150}
    assert gate.batcher.ask(2) == 20, "and the next one is served"


def test_a_request_alone_waits_for_nobody_and_needs_no_other_thread():
    seen = []
    batcher = Batcher(lambda asked: seen.append(threading.get_ident()) or asked, lambda _: None, 4)
    assert batcher.ask("me") == "me"
    assert seen == [threading.get_ident()]


def test_who_is_interrupted_at_work_leaves_the_turn_to_the_others():
    """Ctrl-C in the thread at work must not leave the others waiting for ever."""
    calls = []

    def work(asked):
        calls.append(list(asked))
        if len(calls) == 1:
            started.set()
            assert go_on.wait(TIMEOUT_S)
            raise KeyboardInterrupt
        return asked

    started, go_on = threading.Event(), threading.Event()
    batcher = Batcher(work, lambda _: None, 4)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(batcher.ask, 1)
        assert started.wait(TIMEOUT_S)
        second = threads.submit(batcher.ask, 2)
        while not batcher._waiting:
            threading.Event().wait(0.001)
        go_on.set()
        assert isinstance(first.exception(TIMEOUT_S), KeyboardInterrupt)
        assert second.result(TIMEOUT_S) == 2
    assert not batcher._waiting and not batcher._busy


def the_same(one, other) -> None:
    assert [item.item_id for item in one.items] == [item.item_id for item in other.items]
    assert np.allclose([item.score for item in one.items], [item.score for item in other.items], atol=1e-4)
    assert np.allclose([item.weight for item in one.history], [item.weight for item in other.history], atol=1e-6)
    for name in ("interest", "influence", "rank_without"):
        pair = (getattr(answer.last, name) for answer in (one, other))
        assert np.allclose(*pair, atol=1e-4), name
    assert [moment.frames for moment in one.last.moments] == [moment.frames for moment in other.last.moments]
    assert np.allclose([item.agreement for item in one.history], [item.agreement for item in other.history], atol=1e-4)
    assert np.allclose([step.shares for step in one.tcd], [step.shares for step in other.tcd], atol=1e-4)
    assert np.allclose([step.clean for step in one.npd], [step.clean for step in other.npd], atol=1e-4)
    assert [step.top_item_ids for step in one.npd] == [step.top_item_ids for step in other.npd]


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_answer_is_the_same_alone_and_in_a_batch(recommender, variant):
    histories = [["i1"], ["i3", "i2", "i9"], [f"i{number}" for number in range(1, 12)], ["i9", "i12"]]
    hidden = [(), (0, 3), (), tuple(range(FRAMES))]
    questions = [
        Question(history, k=k, variant=variant, hidden=frames)
        for k, (history, frames) in enumerate(zip(histories, hidden, strict=True), start=1)
    ]
    together = recommender.answer_together([(question, Clock()) for question in questions])
    for question, answer in zip(questions, together, strict=True):
        alone = recommender.recommend(question)
        assert len(answer.items) == len(alone.items) and answer.hidden == alone.hidden
        the_same(answer, alone)


def test_many_visitors_get_what_each_would_get_alone(recommender):
    upload = tiny_upload()
    histories = [[f"i{1 + (number + place) % 12}" for place in range(1 + number % 4)] for number in range(24)]
    histories[5] = [*histories[5], upload.upload_id]

    def ask(number: int):
        uploads = [upload] if number == 5 else []
        return recommender.recommend(Question(histories[number], uploads=uploads, k=4, seed=number % 2))

    alone = [ask(number) for number in range(24)]
    with ThreadPoolExecutor(24) as threads:
        for one, other in zip(threads.map(ask, range(24)), alone, strict=True):
            the_same(one, other)
