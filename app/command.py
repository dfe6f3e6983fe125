"""`mealrec demo`: open the page, from a checkout or an installed package."""

from __future__ import annotations

import argparse
import os


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    bundle = "a bundle's folder or hf://owner/name (default: the one that comes along)"
    port = "the port to listen on (default: the first free one from 7860)"
    no_browser = "serve the page, and leave opening it to you"
    parser.add_argument("--bundle", help=bundle)
    parser.add_argument("--port", type=int, help=port)
    parser.add_argument("--no-browser", action="store_true", help=no_browser)


def run(arguments: argparse.Namespace) -> int:
    """Serve the page until it is ended."""
    # The server reads its settings from the environment.
    if arguments.bundle:
        os.environ["MEALREC_BUNDLE"] = arguments.bundle
    if arguments.port:
        os.environ["GRADIO_SERVER_PORT"] = str(arguments.port)
    os.environ.setdefault("MEALREC_OPEN_BROWSER", "0" if arguments.no_browser else "1")
    from app.serving import main  # not before: it reads the environment

    main()
    return 0
