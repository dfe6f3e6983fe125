"""The model card of a bundle: what it is and what was measured, all of it from the bundle's own
manifest."""

from __future__ import annotations

from collections.abc import Mapping

from huggingface_hub import EvalResult, ModelCardData

ORACLE = "oracle"
_WORDS = {
    "num_items": "items",
    "num_frames": "frames a clip",
    "visual_width": "visual width",
    "text_width": "text width",
    "num_kinds": "kinds of moments",
    "max_length": "latest items of a history that count",
}


def model_card(
    repo: str, manifest: Mapping, licence: str | None = None, code: str | None = None
) -> str:
    """Return README.md for a bundle's repository; `code` is the address of the code that opens
    it."""
    models, encoders = manifest["models"], manifest["encoders"]
    sizes = ", ".join(
        f"{words} {manifest['dims'][name]}"
        for name, words in _WORDS.items()
        if name in manifest["dims"]
    )
    parts = [
        _front_matter(repo, manifest, licence),
        f"# {_text(manifest['name'])}",
        "A bundle for [MealRec](https://arxiv.org/abs/2603.01926), a recommender for short videos that denoises in two "
        "walks: first the frames of the clip that was watched last, then the viewer's preference.",
        "It holds no pickles: weights and features are safetensors, all else is JSON, pictures and clips; "
        "`manifest.json` has the checksum of every file that is loaded.",
        "## Open it",
        f"In a checkout of {f'[MealRec]({code})' if code else 'MealRec'}:\n\n"
        f"```\nMEALREC_BUNDLE=hf://{repo} python app.py\n```\n\n"
        "Without the page:\n\n```python\nfrom mealrec.recommender.recommender import Recommender\n\n"
        f"Recommender.from_pretrained({repo!r}).recommend([...])  # ids of clips, oldest first\n```",
        "## What it holds",
        _table(
            ["", ""],
            [
                ["models", ", ".join(f"`{name}`" for name in models)],
                ["sizes", sizes],
                ["backbone", ", ".join(sorted({_backbone(config) for config in models.values()}))],
                *([f"{kind} encoder", _encoder(encoder)] for kind, encoder in encoders.items()),
            ],
        ),
        "## What was measured",
        *_measured(manifest["metrics"]),
        *([sentence] if (sentence := of_all_clicks(manifest["training"])) else []),
        "## How it was made",
        f"```\n{_command(manifest['training'])}{manifest['created_with']}\n```",
    ]
    return "\n\n".join(parts) + "\n"


def _backbone(config: Mapping) -> str:
    """Return the backbone's name; a model on a trained backbone holds that one's configuration
    whole."""
    return str(config.get("base", config).get("backbone"))


def of_all_clicks(training: Mapping) -> str:
    """Return the sentence that tells models fitted on all clicks from the tested ones; "" where
    they are the same."""
    if not training.get("refit"):
        return ""
    clicks = training.get("clicks")
    counted = f"{clicks:,} clicks in all" if isinstance(clicks, int) else "all of them"
    return (
        f"The models here were fitted again on every viewer's latest clicks, {counted}, those that validate and test "
        "included; any figures are of the run that was tested, which had not learned from these."
    )


def _front_matter(repo: str, manifest: Mapping, licence: str | None) -> str:
    """Return what the hub reads: the licence, and the figures of the first of the bundle's
    models that was measured."""
    rows = manifest["metrics"].get("test", {})
    measured = next(
        (name for name in manifest["models"] if isinstance(rows.get(name), Mapping)), None
    )
    results = [
        EvalResult(
            "recommendation",
            "simulated" if _is_simulated(rows) else "own",
            manifest["name"],
            metric,
            value,
        )
        for metric, value in rows.get(measured, {}).items()
        if isinstance(value, (int, float))
    ]
    data = ModelCardData(
        license=licence,
        library_name="mealrec",
        tags=["recommendation", "micro-video", "diffusion"],
        model_name=repo if results else None,
        eval_results=results or None,
    )
    return f"---\n{data.to_yaml()}\n---"


def _is_simulated(rows: Mapping) -> bool:
    """Say whether the viewers are simulated: only of these anybody knows how well they can be
    foretold."""
    return any(str(name).startswith(ORACLE) for name in rows)


def _measured(metrics: Mapping) -> list[str]:
    """Return the test table; where a bundle was packed without a report, the words that say so."""
    rows = {
        name: row
        for name, row in metrics.get("test", {}).items()
        if isinstance(row, Mapping) and row
    }
    if not rows:
        return ["Nothing: the bundle was packed without a report of `python -m mealrec evaluate`."]
    columns = list(next(iter(rows.values())))
    cells = [
        [_text(name), *(_number(row.get(column)) for column in columns)]
        for name, row in rows.items()
    ]
    count = metrics.get("rows")
    words = "Test split, the history's own items masked, the mean of the measured seeds"
    viewers = (
        " The viewers are simulated and the clips drawn: the figures say nothing of real ones."
    )
    told = (
        f"{words}{f' over {count} rows' if count else ''}.{viewers if _is_simulated(rows) else ''}"
    )
    return [told, _table(["system", *columns], cells)]


def _encoder(encoder: Mapping) -> str:
    return f"{_text(encoder['name'])} (sha256 {str(encoder['sha256'])[:12]}…)"


def _command(training: Mapping) -> str:
    command = training.get("command")
    return f"{command}\n" if command else ""


def _number(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, (int, float)) else "–"


def _text(value: object) -> str:
    """Return words that cannot break out of a table's cell or become markup."""
    return "".join(
        f"\\{sign}" if sign in "|`*_<>[]\\" else sign for sign in " ".join(str(value).split())
    )


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
