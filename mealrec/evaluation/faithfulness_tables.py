"""The faithfulness report as Markdown."""

from __future__ import annotations

from mealrec.evaluation.candidates import AGREEMENT, INTEREST
from mealrec.evaluation.hiding import DRIVING, WORTH
from mealrec.evaluation.subject import MORE

NO_TRUTH = (
    "This catalogue has no planted truth (no `truth/` beside its data), so only hidden moments are tested: the planted "
    "moment, the true interest and accidental clicks are known of the sample catalogue alone.\n"
)
ACCIDENTS = "accidental clicks in the history"


def goals(report: dict) -> list[dict]:
    """Return every goal with its measured value: {what, value, goal, met}; a goal is ("≥" or
    "≤", bound)."""
    hiding = report["hiding"]
    driving = hiding["groups"]["all viewers"][DRIVING]
    shapley = hiding["orders"]["test"][f"moments, 2 or more: {WORTH}"]["spearman"]
    rows = [
        (
            "hiding the moment that drives #1: its chance falls by (median)",
            driving["falls"],
            ("≥", 0.2),
        ),
        ("hiding it: #1 changes for this share of viewers", driving["changes"], ("≥", 0.4)),
        ("hiding it: of ten clips stay", driving["stays"], ("≤", 7.5)),
        (
            f"driving moments, by their {WORTH}: Spearman with the Shapley value",
            shapley,
            ("≥", 0.9),
        ),
    ]
    if "moments" in report:
        auc = report["moments"]["auc"]["test"][INTEREST]
        rows.append(
            (f"fits your interest ({INTEREST}): AUC of the planted moment", auc, ("≥", 0.88))
        )
        auc = report["clicks"]["auc"]["test"][AGREEMENT]
        rows.append((f"{AGREEMENT}: AUC of wanted above accidental clicks", auc, ("≥", 0.88)))
        if report["walks"]:
            closer = report["walks"]["the viewer's interests"][ACCIDENTS]["closer"]
            rows.append(
                (
                    f"{ACCIDENTS}: walks that end closer to the interest than x_T",
                    closer["x_T"],
                    ("≥", 0.95),
                )
            )
            rows.append(
                (
                    f"{ACCIDENTS}: walks that end closer than the encoder's x_0",
                    closer["x_0"],
                    ("≥", 0.9),
                )
            )
    return [
        {
            "what": what,
            "value": value,
            "goal": list(goal),
            "met": value >= goal[1] if goal[0] == "≥" else value <= goal[1],
        }
        for what, value, goal in rows
    ]


def to_markdown(report: dict) -> str:
    """Return the whole report."""
    parts = [_heading(report["made"]), _goals(report["goals"]), _hiding(report["hiding"])]
    if "moments" not in report:
        return "\n".join([*parts, NO_TRUTH])
    parts += [_moments(report["moments"]), _clicks(report["clicks"]), _walks(report["walks"])]
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
            f"- {made['count']} viewers of validation and of test with two or more clips of history where frames are "
            f"hidden, up to {MORE} times as many elsewhere, drawn with a fixed seed; definitions are chosen on "
            "validation and graded on test",
            "",
        ]
    )


def _goals(rows: list[dict]) -> str:
    cells = [
        [
            row["what"],
            f"{row['value']:.3f}",
            f"{row['goal'][0]} {row['goal'][1]:g}",
            "yes" if row["met"] else "no",
        ]
        for row in rows
    ]
    return "## Goals\n\n" + _table(["what, on test viewers", "measured", "goal", "met"], cells)


def _hiding(report: dict) -> str:
    head = ["hidden", "of", "viewers", "#1's chance falls by (median)", "#1 changes", "of ten stay"]
    cells = [
        [
            unit,
            group,
            str(row["rows"]),
            f"{row['falls']:.1%}",
            f"{row['changes']:.1%}",
            f"{row['stays']:.2f}",
        ]
        for group, units in report["groups"].items()
        for unit, row in units.items()
    ]
    test, validation = (report["orders"][part] for part in ("test", "validation"))
    orders = [
        [
            name,
            *(f"{validation[name][key]:.3f}" for key in ("spearman", "same_first")),
            str(row["rows"]),
            *(f"{row[key]:.3f}" for key in ("spearman", "same_first")),
        ]
        for name, row in test.items()
    ]
    order_head = [
        "order",
        "validation: Spearman",
        "same first",
        "test viewers",
        "test: Spearman",
        "same first",
    ]
    return (
        f"## Moments hidden, test: {report['rows']} viewers\n\n"
        "A moment is a run of neighbouring frames of one kind in the last clip; in place of hidden frames stands the "
        "mean of those left, in place of all of them what anybody watches. The driving moment is the one without which "
        "#1's chance falls most, or by its worth the one of the highest mean of that fall and of what it gives back "
        f"when it alone is shown; the least is that of the smallest fall. {report['of_several']} of {report['rows']} "
        "last clips have two moments or more; with one, the driving moment is the whole clip and the least one the "
        "same.\n\n"
        + _table(head, cells)
        + "\nBoth definitions beside Shapley values over all sets of hidden moments "
        "or frames, mean over viewers; of two moments an order is right (1) or wrong (-1). Same first: for which share "
        "of viewers the same one drives.\n\n" + _table(order_head, orders)
    )


def _moments(report: dict) -> str:
    rows, auc = report["rows"], report["auc"]
    cells = [
        [_named(name), f"{auc['validation'][name]:.3f}", f"{value:.3f}"]
        for name, value in auc["test"].items()
    ]
    cells += [[f"oracle: {name}", "", f"{value:.3f}"] for name, value in report["oracles"].items()]
    head = [
        "a frame's score",
        f"validation ({rows['validation']} viewers)",
        f"test ({rows['test']} viewers)",
    ]
    steps = report["attention"]
    walked = (
        f"\nTCD's attention tells the planted moment with {steps['first step']:.3f} at its walk's first step and "
        f"{steps['last step']:.3f} at the last (test).\n"
        if steps
        else ""
    )
    return (
        "## The planted moment\n\nAUC: how often a frame that shows what the viewer was out for stands above another "
        f"frame of the same clip. Best on validation: {report['chosen']}; shown by the app: {INTEREST}.\n\n"
        + _table(head, cells)
        + walked
    )


def _clicks(report: dict) -> str:
    rows, accidents, auc = report["rows"], report["accidents"], report["auc"]
    parts = [
        f"{part} ({rows[part]} viewers, {accidents[part]} accidents)"
        for part in ("validation", "test")
    ]
    cells = [
        [_named(name), f"{auc['validation'][name]:.3f}", f"{value:.3f}"]
        for name, value in auc["test"].items()
    ]
    cells.append(["oracle: every chance known", "", f"{report['oracle']:.3f}"])
    return (
        "## Accidental clicks\n\nAUC: how often a wanted click of any viewer's history stands above an accidental one. "
        f"Best on validation: {report['chosen']}; a trace carries: {AGREEMENT}.\n\n"
        + _table(["a click's score", *parts], cells)
    )


def _walks(report: dict) -> str:
    title = "## From step T to step 0: toward what is wanted?\n\n"
    if not report:
        return title + "This model walks no preference.\n"
    stages = list(next(iter(next(iter(report.values())).values()))["closeness"])
    starts = [stage for stage in stages if stage != "end"]
    head = [
        "held against",
        "test viewers",
        "rows",
        *(f"end closer than {stage}" for stage in starts),
    ]
    cells = [
        [
            aim,
            group,
            str(row["rows"]),
            *(f"{row['closer'][stage]:.1%}" for stage in starts),
            " → ".join(f"{row['closeness'][stage]:.3f}" for stage in stages),
        ]
        for aim, groups in report.items()
        for group, row in groups.items()
    ]
    return (
        title
        + _table([*head, "closeness: " + " → ".join(stages)], cells)
        + "\nA preference and an aim are "
        "distributions over kinds; closeness is what they have in common, Σ min(wanted, aim). The kinds of a planted "
        "motif are the mean shares of the frames that show it. The interests count alike; what is truly wanted next "
        "weighs them by drift and adds the habit that the last want calls for.\n"
    )


def _named(name: str) -> str:
    return f"**{name}**" if name in (INTEREST, AGREEMENT) else name


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
