"""Tuning by one budget: every system gets the same trials, validation alone picks among them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from mealrec.errors import DataFormatError
from mealrec.figures import table
from mealrec.study.comparison import outdated_text
from mealrec.study.harness import Study, made
from mealrec.study.provenance import from_here
from mealrec.study.results import Exhibit
from mealrec.study.systems import trained
from mealrec.training.recipes import Recipe

# Of the sequence encoder: MealRec's and the backbones', the baselines'.
DROPOUTS = ("backbone_dropout", "dropout")
MOST_DROPOUT = 0.9
ADDED_DECAY = {0.5: 0.01, 1.5: 0.1}
SCORE = "validation_N@10"
AS_IT_STANDS = "the recipe as it stands"
NOTES = """
Every system has these trials and no others, by one seed. A cell is N@10, masked, of the kept epoch
on the validation rows, and the seconds of its training; the best is in bold, of equals the earlier.
What is made of trained systems, MealRec among them, takes the winners of its parts. No rank of the
test split was read. The winner is the best of several looks at the same rows: its cell flatters it,
and small differences by one seed mean nothing.
"""


@dataclass(frozen=True)
class Trial:
    """What a recipe's learning rate, and its sequence encoder's dropout, are multiplied by.

    A system without dropout has ADDED_DECAY of `dropout` added to its weight decay instead.
    """

    rate: float = 1.0
    dropout: float = 1.0

    def __str__(self) -> str:
        """Return the trial in words."""
        words = []
        if self.rate != 1:
            words.append(f"learning rate ×{self.rate:g}")
        if self.dropout != 1:
            decay = f"weight decay +{ADDED_DECAY[self.dropout]:g}"
            words.append(f"dropout ×{self.dropout:g} (where there is none: {decay})")
        return ", ".join(words) or AS_IT_STANDS


# In this order, and --trials takes the first ones: one change at a time says which one helped,
# then both at once.
GRID = (
    Trial(),
    Trial(rate=0.5),
    Trial(rate=2),
    Trial(dropout=0.5),
    Trial(dropout=1.5),
    Trial(rate=2, dropout=1.5),
    Trial(rate=0.5, dropout=0.5),
    Trial(rate=2, dropout=0.5),
    Trial(rate=0.5, dropout=1.5),
)


@dataclass(frozen=True)
class Tuned:
    """The winners in a file that `tune` wrote, {system: settings}, and the data behind them."""

    path: Path
    data: tuple[str, str]
    trials: int
    settings: dict[str, tuple[str, ...]]

    def applied_to(self, study: Study) -> Study:
        """Return the study with each system trained by its winner.

        Raises DataFormatError where the file was made on another dataset or slice.
        """
        study = replace(study, tuned=self.settings)
        here = study.about["dataset"], study.about["slice"]
        if here != self.data:
            raise DataFormatError(
                f"--tuned {self.path}: expected a file made on {here[0]}, slice {here[1]}, got one "
                f"made on {self.data[0]}, slice {self.data[1]}: run tune on this data"
            )
        return study

    def numbers(self, names: Sequence[str]) -> dict:
        """Return what a report says of it; None are the settings of a system that it lacks."""
        settings = {name: self.settings.get(name) for name in trained(names)}
        return {"file": from_here(str(self.path)), "trials": self.trials, "settings": settings}

    def text(self, names: Sequence[str]) -> str:
        """Return what a comparison says of the file it was tuned by."""
        numbers = self.numbers(names)
        lines = [f"- {name}: {in_words(found)}\n" for name, found in numbers["settings"].items()]
        return (
            f"Tuned by `{numbers['file']}`: each system is trained by the best of its "
            f"{self.trials} trials on validation, the same trials for all.\n\n"
        ) + "".join(lines)


def tune(study: Study, names: Sequence[str], trials: int, seed: int = 0) -> Exhibit:
    """Give every trained system the first `trials` of GRID and pick each one's best by validation.

    Raises DataFormatError where the grid has no such number of trials, or none of the systems is
    trained.
    """
    if not 1 <= trials <= len(GRID):
        raise DataFormatError(f"--trials: expected 1 to {len(GRID)}, got {trials}")
    if not trained(names):
        raise DataFormatError(f"--systems: expected one that is trained, got {', '.join(names)}")
    grid = GRID[:trials]

    # What each system is tried with.
    planned = {}
    for name in trained(names):
        recipe = study.recipe(name, seed)
        planned[name] = [settings_of(trial, recipe) for trial in grid]

    # All of them are trained, several at once.
    recipes = []
    for name, plan in planned.items():
        recipes += [study.recipe(name, seed, *settings) for settings in plan]
    study.train(recipes)

    systems = {name: outcome(study, name, seed, plan) for name, plan in planned.items()}
    numbers = {"trials": trials, "grid": [asdict(trial) for trial in grid], "systems": systems}
    text = tuning_text(systems, trials)
    return Exhibit("Every system tuned by one budget", text, numbers, seeds=(seed,))


def settings_of(trial: Trial, recipe: Recipe) -> tuple[str, ...]:
    """Return the overrides that make a trial of a recipe; none for the recipe as it stands."""
    model = recipe.model
    training = recipe.training
    settings = []
    if trial.rate != 1:
        settings.append(_setting("training.learning_rate", training.learning_rate * trial.rate))
    if trial.dropout != 1:
        # The first dropout that the system has, or its weight decay.
        names = [name for name in DROPOUTS if getattr(model, name, 0)]
        if names:
            dropout = min(getattr(model, names[0]) * trial.dropout, MOST_DROPOUT)
            settings.append(_setting(f"model.{names[0]}", dropout))
        else:
            decay = training.weight_decay + ADDED_DECAY[trial.dropout]
            settings.append(_setting("training.weight_decay", decay))
    return tuple(settings)


def _setting(path: str, value: float) -> str:
    return f"{path}={float(f'{value:.6g}')}"  # not 0.15000000000000002


def outcome(study: Study, name: str, seed: int, plan: Sequence[tuple[str, ...]]) -> dict:
    """Return how a system's trials went, its winner (from 1) and the settings that it changes."""
    kept = (SCORE, "epoch", "epochs", "seconds", "folder", "code_has_changed")
    tried = []
    for settings in plan:
        record = made(study.job(study.recipe(name, seed, *settings)))
        tried.append({"settings": settings, **{key: record[key] for key in kept}})

    # Of equals the first wins.
    scores = [trial[SCORE] for trial in tried]
    winner = scores.index(max(scores))
    return {"trials": tried, "winner": winner + 1, "settings": plan[winner]}


def tuning_text(systems: dict[str, dict], trials: int) -> str:
    """Return the trials, a line a system, and the winners' settings as Markdown."""
    grid = "".join(f"{number}. {trial}\n" for number, trial in enumerate(GRID[:trials], 1))

    # A line a system, its winner in bold.
    body = []
    for name, system in systems.items():
        cells = [f"{trial[SCORE]:.4f} ({trial['seconds']:.0f} s)" for trial in system["trials"]]
        winner = system["winner"] - 1
        cells[winner] = f"**{cells[winner]}**"
        body.append([name, *cells])
    scores = table(["system", *(f"trial {number}" for number in range(1, trials + 1))], body)

    lines = [f"- {name}: {in_words(system['settings'])}\n" for name, system in systems.items()]
    winners = f"\nWhat the winners change in their recipes:\n\n{''.join(lines)}"
    outdated = outdated_text({name: system["trials"] for name, system in systems.items()})
    return f"{grid}\n{scores}{NOTES}{outdated}{winners}"


def in_words(settings: Sequence[str] | None) -> str:
    """Return a winner's settings; None is a system that was not tuned."""
    if settings is None:
        return "not in that file, so trained by its recipe"
    return ", ".join(f"`{setting}`" for setting in settings) or AS_IT_STANDS


def read_tuned(path: Path) -> Tuned:
    """Return the winners in a tuning.json; raises DataFormatError where the file is not one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        data = content["made"]["data"]
        settings = {}
        for name, system in content["systems"].items():
            settings[name] = tuple(map(str, system["settings"]))
        return Tuned(path, (data["dataset"], data["slice"]), int(content["trials"]), settings)
    except OSError as error:
        raise DataFormatError(
            f"--tuned {path}: {error.strerror}: run tune first, or name its tuning.json"
        ) from None
    except (ValueError, LookupError, TypeError, AttributeError):
        raise DataFormatError(
            f"--tuned {path}: expected a tuning.json as tune writes it, got another file"
        ) from None
