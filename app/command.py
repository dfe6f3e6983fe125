"""`mealrec demo`: open the page, from a checkout or an installed package."""

from __future__ import annotations

import argparse
import os


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    parser.add_argument(
        "--bundle", help="a bundle's folder or hf://owner/name (default: the one that comes along)"
    )
    parser.add_argument(
        "--port", type=int, help="the port to listen on (default: the first free one from 7860)"
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="serve the page, and leave opening it to you"
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve the page until it is ended."""
    given = {
        "MEALREC_BUNDLE": arguments.bundle,
        "GRADIO_SERVER_PORT": arguments.port and str(arguments.port),
    }
    os.environ.update({name: value for name, value in given.items() if value})
    os.environ.setdefault("MEALREC_OPEN_BROWSER", "0" if arguments.no_browser else "1")
    from app.serving import main  # not before: it reads the environment

    main()
    return 0
