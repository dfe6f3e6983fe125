"""A grammar for clip titles, over each motif's `Words`.

Titles are made as people caption clips: statements, questions, wry remarks, lists of two moments, with
hashtags at the end and uneven habits of case. Most name what is in the clip, some only hint at it by a
hashtag, and some say nothing of it at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from assets.painter.scenes import motif
from assets.painter.scenes.base import Words
from mealrec.errors import DataFormatError

MANNER_SHARES = {"named": 0.75, "hinted": 0.15, "silent": 0.10}
SECOND_NAME_SHARE = 0.55  # of the titles that could name two motifs
ATTEMPTS = 500

# {a} and {b} are subjects of two motifs; {action} and {place} belong to {a}, {other} and {elsewhere} to {b}.
ONE_MOTIF = (
    "{a} {place}",
    "{a}, {action}",
    "{action} {place}",
    "{a} {place}, {action}",
    "just {a} {place}",
    "{a}. that's it. that's the clip.",
    "{a} and nothing else for six seconds",
    "pov: {a} {place}",
    "pov: you looked up and saw {a}",
    "pov: {action}",
    "who else could watch {a} all day?",
    "{a}: yes or no?",
    "be honest, how long would you look at {a}?",
    "does anyone else love {a} {place}?",
    "came for five minutes, stayed for {a}",
    "I was promised a quiet evening, I got {a}",
    "no plans today, only {a}",
    "tell me this isn't the best thing: {a} {place}",
    "everyone is asleep and I am filming {a}",
    "day {n} of posting {a}",
    "{a}, part {n}",
    "take {n}: {a}",
    "six seconds of {a}",
    "the last two seconds are worth it… {a}",
    "nobody asked, but here is {a}",
    "my phone has {hundred} clips of {a}, here is one more",
    "sound on for {a}",
    "{action} … I forgot what time it was",
    "current mood: {action}",
    "current mood: {a} {place}",
    "if you know, you know: {a}",
    "this is your sign to go and find {a}",
    "not me getting emotional over {a}",
    "ok but {a} {place}?",
    "small joys: {a}",
    "a friend sent me {a} and now I can't stop watching",
    "I only wanted one photo, then: {action}",
    "rate {a} from 1 to 10",
    "best seat {place}: {action}",
    "caught this {place}: {a}",
    "finally got {a} on camera",
    "cheaper than therapy: {a}",
    "nobody warned me about {a}",
    "replaying {a} until further notice",
)
TWO_MOTIFS = (
    "{a} and {b}",
    "{a}, then {b}",
    "from {a} to {b}",
    "first {a} {place}, then {b}",
    "{a} or {b}? pick one",
    "two moments today: {a}, {b}",
    "today's menu: {a} and {b}",
    "{action}, and later {b} {elsewhere}",
    "it starts with {a}, it ends with {b}",
    "{a} before lunch, {b} after",
    "this or that: {a} / {b}",
    "which half is better, {a} or {b}?",
    "never thought {a} and {b} would go together",
    "{a} {place} // {b} {elsewhere}",
    "a little {a_bare}, a little {b_bare}",
    "things I filmed this week: {a}, {b}, my own thumb",
    "one minute {action}, the next {other}",
    "come for {a}, stay for {b}",
    "{a} + {b} = perfect day",
    "part one {a}, part two {b}. no part three",
)
HINTED = (
    "you had to be there",
    "this one is for the people who get it",
    "my whole personality in six seconds",
    "one of those days",
    "I could do this every week",
    "still thinking about it",
    "the calm before the rest of the day",
    "day {n}. no regrets",
    "tell me your favourite in the comments",
    "saved this one for the weekend",
    "can we go back, please",
    "first time trying this",
    "it never gets old",
    "add it to the list",
    "some things need no caption",
    "who's in?",
    "found it again, {n} years later",
    "half the fun is getting there",
    "not a bad way to spend an hour",
    "take {n}, and this time it worked",
)
SILENT = (
    "wait for the end",
    "nobody told me it would end like that",
    "I did not expect part two",
    "watch until the end!",
    "okay, one more and then I'll sleep",
    "posting this before I change my mind",
    "send this to someone who needs it",
    "no words",
    "I have no idea why I filmed this",
    "how is this only six seconds long",
    "and then it got better",
    "day {n} of posting until something happens",
    "first post, be kind",
    "did you see it too?",
    "everything is fine",
    "my camera roll, episode {n}",
    "blink and you miss it",
    "I'll just leave this here",
)
LOOSE_TAGS = (
    "foryou", "fyp", "satisfying", "dailyclip", "sixseconds", "weekendmood", "slowdown", "smalljoys",
    "moments", "caughtoncamera", "noedit", "vibes", "loop", "calm", "watchagain", "lifeinclips",
)  # fmt: skip
ENDINGS = ("",) * 10 + ("!", "…", ".", " ✨", " 😌", " 👀")


class TitleWriter:
    """Writes unique titles; `count` titles share out the manners exactly."""

    def __init__(self, rng: np.random.Generator, count: int):
        self._rng = rng
        self._written: set[str] = set()
        bounds = np.round(np.cumsum(list(MANNER_SHARES.values())) * count)
        manners = np.array(list(MANNER_SHARES))[np.searchsorted(bounds, np.arange(count), side="right")]
        self._manners = list(rng.permutation(manners))

    def write(self, cast: Sequence[str]) -> tuple[str, tuple[str, ...]]:
        """Return a title, hashtags at its end, and these tags, for a clip that shows the motifs `cast`.

        Raises:
            DataFormatError: no new title could be found, or more titles are asked for than were announced.
        """
        if not self._manners:
            raise DataFormatError("More titles asked for than announced: pass the number of clips to TitleWriter.")
        manner = self._manners.pop()
        for _ in range(ATTEMPTS):
            text, tags = getattr(self, f"_{manner}")(list(dict.fromkeys(cast)))
            title = " ".join([self._habits(text), *(f"#{tag}" for tag in tags)])
            if title not in self._written:
                self._written.add(title)
                return title, tags
        raise DataFormatError(f"Found no new title in {ATTEMPTS} attempts for {cast}: give these motifs more words.")

    def _named(self, names: list[str]) -> tuple[str, tuple[str, ...]]:
        names = [names[i] for i in self._rng.permutation(len(names))]
        first, second = motif(names[0]).WORDS, motif(names[-1]).WORDS
        if len(names) > 1 and self._rng.random() < SECOND_NAME_SHARE:
            return self._fill(self._choice(TWO_MOTIFS), first, second), self._tags((*first.tags, *second.tags), 1, 3)
        return self._fill(self._choice(ONE_MOTIF), first, first), self._tags(first.tags, 0, 3)

    def _hinted(self, names: list[str]) -> tuple[str, tuple[str, ...]]:
        words = motif(self._choice(names)).WORDS
        return self._fill(self._choice(HINTED), words, words), self._tags(words.tags, 1, 2)

    def _silent(self, names: list[str]) -> tuple[str, tuple[str, ...]]:
        words = motif(names[0]).WORDS
        return self._fill(self._choice(SILENT), words, words), self._tags((), 0, 0)

    def _fill(self, template: str, first: Words, second: Words) -> str:
        a, b = self._choice(first.subjects), self._choice(second.subjects)
        return template.format(
            a=a,
            b=b,
            a_bare=_without_article(a),
            b_bare=_without_article(b),
            action=self._choice(first.actions),
            other=self._choice(second.actions),
            place=self._choice(first.places),
            elsewhere=self._choice(second.places),
            n=int(self._rng.integers(2, 10)),
            hundred=int(self._rng.integers(3, 60)) * 10 + 7,
        )

    def _tags(self, own: Sequence[str], fewest: int, most: int) -> tuple[str, ...]:
        """Return `fewest` to `most` of the motif's own tags and up to two loose ones, one at least without own."""
        num_own = min(len(set(own)), int(self._rng.integers(fewest, most + 1)))
        num_loose = int(self._rng.integers(0, 3)) if own else int(self._rng.integers(1, 4))
        unique = list(dict.fromkeys(own))
        chosen = [unique[i] for i in self._rng.permutation(len(unique))[:num_own]]
        loose = [LOOSE_TAGS[i] for i in self._rng.permutation(len(LOOSE_TAGS))[:num_loose]]
        return tuple(dict.fromkeys([*chosen, *loose]))

    def _habits(self, text: str) -> str:
        """Return the text with a person's habits of case and punctuation."""
        if text[-1].isalnum():
            text += self._choice(ENDINGS)
        habit = self._rng.random()
        if habit < 0.40:
            return re.sub(r"\bI\b", "i", text) if habit < 0.15 else text
        if habit < 0.44:
            return text.upper()
        return "POV" + text[3:] if text.startswith("pov") else text[0].upper() + text[1:]

    def _choice(self, options: Sequence):
        return options[int(self._rng.integers(len(options)))]


def _without_article(phrase: str) -> str:
    return re.sub(r"^(a|an|the) ", "", phrase)
