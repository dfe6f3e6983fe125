"""The faithfulness report as Markdown."""

from __future__ import annotations

from mealrec.recommender.explain import INFLUENCE, INTEREST

NO_TRUTH = (
    "This catalogue has no planted truth (no `truth/` beside its data), so only hidden frames are tested: the planted "
    "moment, the true interest and accidental clicks are known of the sample catalogue alone.\n"
)


def goals(report: dict) -> list[dict]:
    """Return every goal with its measured value: {what, value, goal, met}."""
    shown = report["masking"]["test"]["orders"][INFLUENCE]
    rows = [(f"drawn influence ({INFLUENCE}): Spearman with the Shapley value", shown["spearman_shapley"], 0.8)]
    if "moments" in report:
        auc = report["moments"]["auc"]["test"][INTEREST]
        rows.append((f"drawn interest ({INTEREST}): AUC of the planted moment", auc, 0.9))
        if report["interests"]:
            toward = report["interests"]["accidental clicks in the history"]["toward"]
            rows.append(("accidental clicks in the history: preferences that end closer to the interest", toward, 0.8))
        rows.append(
            ("agreement: AUC of wanted above accidental clicks", report["clicks"]["auc"]["test"]["agreement"], 0.9)
        )
    return [{"what": what, "value": value, "goal": goal, "met": bool(value >= goal)} for what, value, goal in rows]


def to_markdown(report: dict) -> str:
    """Return the whole report."""
    parts = [_heading(report["made"]), _goals(report["goals"]), *map(_masking, report["masking"].items())]
    if "moments" not in report:
        return "\n".join([*parts, NO_TRUTH])
    parts += [_moments(report["moments"]), _interests(report["interests"]), _clicks(report["clicks"])]
    return "\n".join(parts)


def _heading(made: dict) -> str:
    machine = made["hardware"]
    return "\n".join(
        [
            "# Do the explanations hold?",
            "",
            f"    {made['command']}",
            "",
            f"- {made['date']}, {machine['cpu']}, {machine['cores']} cores, one thread, torch {machine['torch']}",
            f"- bundle {made['bundle']}, model {made['variant']} ({made['weights']}), made by `{made['created_with']}`",
            f"- up to {made['count']} viewers of validation and of test with two or more items of history, drawn with "
            "a fixed seed; definitions are chosen on validation and graded on test",
            "",
        ]
    )


def _goals(rows: list[dict]) -> str:
    cells = [[row["what"], f"{row['value']:.3f}", f"≥ {row['goal']:g}", "yes" if row["met"] else "no"] for row in rows]
    return "## Goals\n\n" + _table(["what, on test viewers", "measured", "goal", "met"], cells)


def _masking(entry: tuple[str, dict]) -> str:
    part, report = entry
    head = [
        "frames in the order of",
        "Spearman: fall of the top clip",
        "fall of the target",
        "Shapley value",
        "deletion",
        "insertion",
        "gap",
        "of the best order's",
        "reversed gap",
    ]
    keys = ("spearman_top", "spearman_target", "spearman_shapley", "deletion", "insertion", "gap", "of_best")
    cells = [
        [_named(name), *(f"{row[key]:.3f}" for key in keys), f"{row['gap_reversed']:.3f}"]
        for name, row in report["orders"].items()
    ]
    return (
        f"## Frames hidden, {part}: {report['rows']} viewers\n\n" + _table(head, cells) + "\nA fall is the loss of "
        "log-probability when one frame is hidden. Areas are under the curve of the top clip's log-probability, less "
        "that of the whole clip, as frames go (deletion: low is good) or come (insertion: high is good), most relevant "
        "first; the gap is insertion less deletion. The best of all orders, viewer by viewer: "
        f"{report['best_gap']:.3f}. {INFLUENCE} is the fall of the top clip itself, so its first column is 1 by "
        "definition.\n"
    )


def _moments(report: dict) -> str:
    rows, auc = report["rows"], report["auc"]
    cells = [[_named(name), f"{auc['validation'][name]:.3f}", f"{value:.3f}"] for name, value in auc["test"].items()]
    cells += [[f"oracle: {name}", "", f"{value:.3f}"] for name, value in report["oracles"].items()]
    head = ["relevance", f"validation ({rows['validation']} viewers)", f"test ({rows['test']} viewers)"]
    settings = [[*name.split(", "), f"{value:.3f}"] for name, value in report["settings"].items()]
    return (
        "## The planted moment\n\nAUC: how often a frame that shows what the viewer was out for stands above another "
        f"frame of the same clip. Chosen on validation: {report['chosen']}; shown by the app: {INTEREST}.\n\n"
        + _table(head, cells)
        + "\nThe evidence at other settings, validation:\n\n"
        + _table(["sharpness", "weight of the expectation", "AUC"], settings)
    )


def _interests(report: dict) -> str:
    title = "## From step T to step 0: toward the true interest?\n\n"
    if not report:
        return title + "This model walks no preference.\n"
    head = ["test viewers", "rows", "end closer than step T", "than x_0", "by ranking", "cosine x_0 → T → 0", "AUC"]
    cells = [
        [
            name,
            str(row["rows"]),
            *(f"{row[key]:.1%}" for key in ("toward", "toward_from_x_0", "toward_by_ranking")),
            *(" → ".join(f"{row[key][stage]:.3f}" for stage in ("x_0", "x_T", "end")) for key in ("cosine", "auc")),
        ]
        for name, row in report.items()
    ]
    return (
        title + _table(head, cells) + "\nThe true interest is the mean of the directions of the viewer's planted "
        "interests; a motif's direction is the mean of all content-mapped frames that show it, less the mean of all "
        "frames. Closer: by cosine with the preference. By ranking: by the AUC of unwatched clips that show an interest"
        " above the others, which is the last column too.\n"
    )


def _clicks(report: dict) -> str:
    rows, accidents, auc = report["rows"], report["accidents"], report["auc"]
    parts = [f"{part} ({rows[part]} viewers, {accidents[part]} accidents)" for part in ("validation", "test")]
    cells = [[_named(name), f"{auc['validation'][name]:.3f}", f"{value:.3f}"] for name, value in auc["test"].items()]
    cells.append([f"oracle: every chance known ({report['oracle_rows']} viewers)", "", f"{report['oracle']:.3f}"])
    return (
        "## Accidental clicks\n\nAUC: how often a wanted click of any viewer's history stands above an accidental one. "
        f"Chosen on validation: {report['chosen']}; a trace carries: agreement.\n\n"
        + _table(["a click's score", *parts], cells)
    )


def _named(name: str) -> str:
    return f"**{name}**" if name in (INTEREST, INFLUENCE, "agreement") else name


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
