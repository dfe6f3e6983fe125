"""The model card of a bundle: what it is and what was measured, all of it from its manifest."""

from __future__ import annotations

from collections.abc import Mapping

from huggingface_hub import EvalResult, ModelCardData

from mealrec.figures import table

ORACLE = "oracle"
_WORDS = {
    "num_items": "items",
    "num_frames": "frames a clip",
    "visual_width": "visual width",
    "text_width": "text width",
    "num_kinds": "kinds of moments",
    "max_length": "latest items of a history that count",
}
_CARD = """\
{front_matter}

# {name}

A bundle for [MealRec](https://arxiv.org/abs/2603.01926), a recommender for short videos that \
denoises in two walks: first the frames of the clip that was watched last, then the viewer's \
preference.

It holds no pickles: weights and features are safetensors, all else is JSON, pictures and clips; \
`manifest.json` has the checksum of every file that is loaded.

## Open it

In a checkout of {code}:

```
MEALREC_BUNDLE=hf://{repo} python app.py
```

Without the page:

```python
from mealrec.question import Question
from mealrec.recommender.recommender import Recommender

# ids of clips, oldest first
Recommender.from_pretrained({repo!r}).recommend(Question([...]))
```

## What it holds

{contents}

## What was measured

{measured}

## How it was made

```
{commands}
```
"""


def model_card(
    repo: str, manifest: Mapping, licence: str | None = None, code: str | None = None
) -> str:
    """Return README.md for a bundle's repository; `code` is the address of the code for it."""
    # What was measured, and the commands that made the run and the bundle, as far as known.
    training = manifest["training"]
    measured = [*_measured(manifest["metrics"]), of_all_clicks(training)]
    commands = [training.get("command"), manifest["created_with"]]
    return _CARD.format(
        front_matter=_front_matter(repo, manifest, licence),
        name=_text(manifest["name"]),
        code=f"[MealRec]({code})" if code else "MealRec",
        repo=repo,
        contents=_contents(manifest),
        measured="\n\n".join(part for part in measured if part),
        commands="\n".join(command for command in commands if command),
    )


def of_all_clicks(training: Mapping) -> str:
    """Return the sentence that tells models fitted on all clicks from the tested ones.

    "" where they are the same.
    """
    if not training.get("refit"):
        return ""
    # An older manifest may not say how many.
    clicks = training.get("clicks")
    counted = f"{clicks:,} clicks in all" if isinstance(clicks, int) else "all of them"
    return (
        f"The models here were fitted again on every viewer's latest clicks, {counted}, those that "
        "validate and test included; any figures are of the run that was tested, which had not "
        "learned from these."
    )


def _front_matter(repo: str, manifest: Mapping, licence: str | None) -> str:
    """Return what the hub reads: the licence, and the figures of the first measured model."""
    # The hub shows one row: that of the first model that was measured.
    rows = manifest["metrics"].get("test", {})
    measured = (rows[name] for name in manifest["models"] if isinstance(rows.get(name), Mapping))
    viewers = "simulated" if _is_simulated(rows) else "own"
    results = [
        EvalResult("recommendation", viewers, manifest["name"], metric, value)
        for metric, value in next(measured, {}).items()
        if isinstance(value, (int, float))
    ]

    # Nothing measured is said of a model where nothing was.
    data = ModelCardData(
        license=licence,
        library_name="mealrec",
        tags=["recommendation", "micro-video", "diffusion"],
        model_name=repo if results else None,
        eval_results=results or None,
    )
    return f"---\n{data.to_yaml()}\n---"


def _contents(manifest: Mapping) -> str:
    """Return the table of what a bundle holds."""
    models = manifest["models"]
    dims = manifest["dims"]
    sizes = [f"{words} {dims[name]}" for name, words in _WORDS.items() if name in dims]
    # A model on a trained backbone holds the configuration of that one whole.
    backbones = {str(config.get("base", config).get("backbone")) for config in models.values()}

    # A row a fact.
    rows = [
        ["models", ", ".join(f"`{name}`" for name in models)],
        ["sizes", ", ".join(sizes)],
        ["backbone", ", ".join(sorted(backbones))],
    ]
    for kind, encoder in manifest["encoders"].items():
        weights = str(encoder["sha256"])[:12]
        rows.append([f"{kind} encoder", f"{_text(encoder['name'])} (sha256 {weights}…)"])
    return table(["", ""], rows, align="---").rstrip()


def _measured(metrics: Mapping) -> list[str]:
    """Return the test table; where a bundle was packed without a report, the words that say so."""
    # The systems that the report has figures of.
    rows = {
        name: row
        for name, row in metrics.get("test", {}).items()
        if isinstance(row, Mapping) and row
    }
    if not rows:
        return ["Nothing: the bundle was packed without a report of `python -m mealrec evaluate`."]

    # How it was measured.
    words = "Test split, the history's own items masked, the mean of the measured seeds"
    if metrics.get("rows"):
        words += f" over {metrics['rows']} rows"
    words += "."
    if _is_simulated(rows):
        words += (
            " The viewers are simulated and the clips drawn: the figures say nothing of real ones."
        )

    # A row a system, with the columns of the first.
    columns = list(next(iter(rows.values())))
    cells = []
    for name, row in rows.items():
        figures = [_number(row.get(column)) for column in columns]
        cells.append([_text(name), *figures])
    return [words, table(["system", *columns], cells, align="---").rstrip()]


def _is_simulated(rows: Mapping) -> bool:
    """Say whether the viewers are simulated: only of these an oracle's figures are known."""
    return any(str(name).startswith(ORACLE) for name in rows)


def _number(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, (int, float)) else "–"


def _text(value: object) -> str:
    """Return words that cannot break out of a table's cell or become markup."""
    words = " ".join(str(value).split())
    return "".join(f"\\{sign}" if sign in "|`*_<>[]\\" else sign for sign in words)
