"""The faithfulness report as Markdown."""

from __future__ import annotations

from mealrec.evaluation.faithfulness import MORE
from mealrec.evaluation.relevance import AGREEMENT, INTEREST
from mealrec.figures import table

NO_TRUTH = (
    "This catalogue has no planted truth (no `truth/` with its data), so only hidden moments are "
    "tested: the planted moment, the true interest and accidental clicks are known of the sample "
    "catalogue alone.\n"
)
MOMENT = (
    "A moment is a run of neighbouring frames of one kind in the last clip; in place of hidden "
    "frames stands the mean of those left, in place of all of them what anybody watches. The "
    "driving moment is the one without which #1's chance falls most, or by its worth the one of "
    "the highest mean of that fall and of what it gives back when it alone is shown; the least is "
    "that of the smallest fall."
)
ORDERS = (
    "Both definitions next to Shapley values over all sets of hidden moments or frames, mean over "
    "viewers; of two moments an order is right (1) or wrong (-1). Same first: for which share of "
    "viewers the same one drives."
)
CLOSENESS = (
    "A preference and an aim are distributions over kinds; closeness is what they have in common, "
    "Σ min(wanted, aim). The kinds of a planted motif are the mean shares of the frames that show "
    "it. The interests count alike; what is truly wanted next weighs them by drift and adds the "
    "habit that the last want calls for."
)


def to_markdown(report: dict) -> str:
    """Return the whole report."""
    parts = [_heading(report["made"]), _goals(report["goals"]), _hiding(report["hiding"])]
    if "moments" in report:
        parts += [_moments(report["moments"]), _clicks(report["clicks"]), _walks(report["walks"])]
    else:
        parts.append(NO_TRUTH)
    return "\n".join(parts)


def _heading(made: dict) -> str:
    # Where it ran, on what, and whom it asked.
    machine = made["hardware"]
    cores = f"{machine['cpu']}, {machine['cores']} cores, one thread, torch {machine['torch']}"
    model = f"bundle {made['bundle']}, model {made['variant']} ({made['weights']})"
    viewers = (
        f"{made['count']} viewers of validation and of test with two or more clips of history "
        f"where frames are hidden, up to {MORE} times as many elsewhere, drawn with a fixed seed; "
        "definitions are chosen on validation and graded on test"
    )
    return (
        f"# Do the explanations hold?\n\n    {made['command']}\n\n"
        f"- {made['date']}, {cores}\n"
        f"- {model}, made by `{made['created_with']}`\n"
        f"- {viewers}\n"
    )


def _goals(goals: list[dict]) -> str:
    rows = []
    for goal in goals:
        sign, bound = goal["goal"]
        met = "yes" if goal["met"] else "no"
        rows.append([goal["what"], f"{goal['value']:.3f}", f"{sign} {bound:g}", met])
    return "## Goals\n\n" + _table(["what, on test viewers", "measured", "goal", "met"], rows)


def _hiding(report: dict) -> str:
    # What hiding does.
    effects = []
    for group, units in report["groups"].items():
        for unit, effect in units.items():
            figures = [f"{effect['falls']:.1%}", f"{effect['changes']:.1%}"]
            effects.append([unit, group, str(effect["rows"]), *figures, f"{effect['stays']:.2f}"])
    effects_head = [
        "hidden",
        "of",
        "viewers",
        "#1's chance falls by (median)",
        "#1 changes",
        "of ten stay",
    ]

    # How the definitions order what is hidden.
    orders = []
    for name, test in report["orders"]["test"].items():
        validation = report["orders"]["validation"][name]
        orders.append([name, *_order(validation), str(test["rows"]), *_order(test)])
    orders_head = [
        "order",
        "validation: Spearman",
        "same first",
        "test viewers",
        "test: Spearman",
        "same first",
    ]
    counted = (
        f"{report['of_several']} of {report['rows']} last clips have two moments or more; with "
        "one, the driving moment is the whole clip and the least one the same."
    )
    return "\n".join(
        [
            f"## Moments hidden, test: {report['rows']} viewers\n",
            f"{MOMENT} {counted}\n",
            _table(effects_head, effects),
            f"{ORDERS}\n",
            _table(orders_head, orders),
        ]
    )


def _order(found: dict) -> list[str]:
    return [f"{found['spearman']:.3f}", f"{found['same_first']:.3f}"]


def _moments(report: dict) -> str:
    # The definitions, and below them what can be reached at all.
    counts = report["rows"]
    head = ["a frame's score", *(f"{part} ({count} viewers)" for part, count in counts.items())]
    rows = _competitors(report["auc"])
    rows += [[f"oracle: {name}", "", f"{value:.3f}"] for name, value in report["oracles"].items()]
    text = (
        "## The planted moment\n\n"
        "AUC: how often a frame that shows what the viewer was out for stands above another frame "
        f"of the same clip. Best on validation: {report['chosen']}; shown by the app: {INTEREST}."
        f"\n\n{_table(head, rows)}"
    )

    # A model without TCD has no attention to tell of.
    steps = report["attention"]
    if steps:
        text += (
            f"\nTCD's attention tells the planted moment with {steps['first step']:.3f} at its "
            f"walk's first step and {steps['last step']:.3f} at the last (test).\n"
        )
    return text


def _clicks(report: dict) -> str:
    # How many viewers, and how many accidents among their clicks, on both parts.
    head = ["a click's score"]
    for part, count in report["rows"].items():
        head.append(f"{part} ({count} viewers, {report['accidents'][part]} accidents)")
    rows = _competitors(report["auc"])
    rows.append(["oracle: every chance known", "", f"{report['oracle']:.3f}"])
    return (
        "## Accidental clicks\n\n"
        "AUC: how often a wanted click of any viewer's history stands above an accidental one. "
        f"Best on validation: {report['chosen']}; a trace carries: {AGREEMENT}.\n\n"
        f"{_table(head, rows)}"
    )


def _competitors(auc: dict[str, dict[str, float]]) -> list[list[str]]:
    """Return a row for each definition with its AUC on both parts; what is shown stands bold."""
    rows = []
    for name, value in auc["test"].items():
        shown = f"**{name}**" if name in (INTEREST, AGREEMENT) else name
        rows.append([shown, f"{auc['validation'][name]:.3f}", f"{value:.3f}"])
    return rows


def _walks(report: dict) -> str:
    title = "## From step T to step 0: toward what is wanted?\n\n"
    if not report:
        return title + "This model walks no preference.\n"

    # A row for each aim and group of viewers.
    rows = []
    for aim, groups in report.items():
        for group, found in groups.items():
            closer = [f"{share:.1%}" for share in found["closer"].values()]
            path = " → ".join(f"{value:.3f}" for value in found["closeness"].values())
            rows.append([aim, group, str(found["rows"]), *closer, path])
    # All were measured at the same steps.
    starts = [f"end closer than {step}" for step in found["closer"]]
    way = "closeness: " + " → ".join(found["closeness"])
    head = ["held against", "test viewers", "rows", *starts, way]
    return f"{title}{_table(head, rows)}\n{CLOSENESS}\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    return table(head, rows, align="---")
