"""`python -m assets.painter`: draws the sample catalogue, or a contact sheet of its motifs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from assets.painter.build import BuildOptions, build
from assets.painter.sheet import save_contact_sheet
from mealrec.errors import MealRecError


def main() -> int:
    """Do what the command line asks for and return the exit status."""
    parser = argparse.ArgumentParser("python -m assets.painter", description="Draw the sample catalogue.")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    drawing = actions.add_parser("build", help="draw the clips and simulate their viewers")
    drawing.add_argument("--out", type=Path, default=Path("assets/sample"), help="folder (default: %(default)s)")
    drawing.add_argument("--seed", type=int, default=7, help="fixes plans, titles, viewers (default: %(default)s)")
    drawing.add_argument("--clips", type=_positive, default=320, help="number of clips (default: %(default)s)")
    drawing.add_argument("--viewers", type=_positive, default=16000, help="number of viewers (default: %(default)s)")
    drawing.add_argument("--jobs", type=_positive, default=1, help="drawing processes (default: %(default)s)")

    sheet = actions.add_parser("contact-sheet", help="draw all motifs, six variations each, on one picture")
    sheet.add_argument("--out", type=Path, default=Path("docs/contact-sheet.jpg"), help="JPEG (default: %(default)s)")

    arguments = parser.parse_args()
    if arguments.action == "contact-sheet":
        save_contact_sheet(arguments.out)
        print(arguments.out)
        return 0
    try:
        build(BuildOptions(arguments.out, arguments.seed, arguments.clips, arguments.viewers, arguments.jobs))
    except MealRecError as error:
        print(f"python -m assets.painter: {error}", file=sys.stderr)
        return 2
    clips = list((arguments.out / "clips").glob("*.mp4"))
    megabytes = sum(clip.stat().st_size for clip in clips) / 1e6
    print(f"{arguments.out}: {len(clips)} clips, {megabytes:.1f} MB of video, {arguments.viewers} viewers")
    return 0


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of 1 or more, got {text}")
    return value


if __name__ == "__main__":
    sys.exit(main())
