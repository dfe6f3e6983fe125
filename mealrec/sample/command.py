"""`python -m mealrec sample`: builds the sample catalogue, draws its contact sheet, counts its statistics."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the three sub-verbs and their options."""
    verbs = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    build = verbs.add_parser("build", help="draw the clips and simulate their viewers")
    build.add_argument("--out", type=Path, default=Path("assets/sample"), help="folder to write (default: %(default)s)")
    build.add_argument("--seed", type=int, default=7, help="fixes plans, titles and viewers (default: %(default)s)")
    build.add_argument("--clips", type=_positive, default=320, help="number of clips (default: %(default)s)")
    build.add_argument("--viewers", type=_positive, default=16000, help="number of viewers (default: %(default)s)")
    build.add_argument("--jobs", type=_positive, default=1, help="drawing processes (default: %(default)s)")
    build.set_defaults(act=_build)

    sheet = verbs.add_parser("contact-sheet", help="draw all motifs, six variations each, on one picture")
    sheet.add_argument("--out", type=Path, default=Path("docs/contact-sheet.jpg"), help="JPEG (default: %(default)s)")
    sheet.set_defaults(act=_contact_sheet)

    statistics = verbs.add_parser("statistics", help="compare the viewers with those of MicroLens-50k")
    statistics.add_argument("--data", type=Path, default=Path("assets/sample"), help="catalogue (default: %(default)s)")
    statistics.add_argument("--microlens", type=Path, help="folder with MicroLens-50k_pairs.tsv, where it is to be had")
    statistics.add_argument(
        "--out", type=Path, default=Path("docs/sample-statistics.md"), help="Markdown file (default: %(default)s)"
    )
    statistics.set_defaults(act=_statistics)


def run(arguments: argparse.Namespace) -> int:
    """Run the chosen sub-verb and return the exit status."""
    arguments.act(arguments)
    return 0


def _build(arguments: argparse.Namespace) -> None:
    from mealrec.sample.build import BuildOptions, build

    build(BuildOptions(arguments.out, arguments.seed, arguments.clips, arguments.viewers, arguments.jobs))
    clips = list((arguments.out / "clips").glob("*.mp4"))
    megabytes = sum(clip.stat().st_size for clip in clips) / 1e6
    print(f"{arguments.out}: {len(clips)} clips, {megabytes:.1f} MB of video, {arguments.viewers} viewers")


def _contact_sheet(arguments: argparse.Namespace) -> None:
    from mealrec.sample.sheet import save_contact_sheet

    save_contact_sheet(arguments.out)
    print(arguments.out)


def _statistics(arguments: argparse.Namespace) -> None:
    from mealrec.sample.statistics import write_report

    write_report(arguments.data, arguments.microlens, arguments.out)
    print(arguments.out)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of 1 or more, got {text}")
    return value
