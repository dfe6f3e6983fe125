"""The server: MealRec's page on a bundle. Importing it sets up the process, so it comes first."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from functools import cache
from pathlib import Path

# Gradio reports nothing, and keeps no statistics that nobody is shown here.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "100")

# A walk is a thousand tiny products: two threads that share one wait for each other at every end,
# on a busy machine fifty times as long as the product takes. Before torch is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Uploads lie in a folder of our own, so that nothing of a visit outlives the server.
if "GRADIO_TEMP_DIR" not in os.environ:
    os.environ["GRADIO_TEMP_DIR"] = tempfile.mkdtemp(prefix="mealrec-uploads-")
    atexit.register(shutil.rmtree, os.environ["GRADIO_TEMP_DIR"], ignore_errors=True)

# The port; hosts say PORT. An empty one would end Gradio's own import.
if not os.environ.get("GRADIO_SERVER_PORT"):
    os.environ["GRADIO_SERVER_PORT"] = os.environ.get("PORT", "")
if not os.environ["GRADIO_SERVER_PORT"]:
    del os.environ["GRADIO_SERVER_PORT"]
elif os.environ["GRADIO_SERVER_PORT"] not in map(str, range(1, 65536)):
    sys.exit(
        "GRADIO_SERVER_PORT: expected a port from 1 to 65535, "
        f"got {os.environ['GRADIO_SERVER_PORT']!r}; or leave it out for any free one."
    )

# On a Space with shared GPUs this has to come before anything that starts CUDA; elsewhere it is not
# installed.
with contextlib.suppress(ImportError):
    import spaces  # noqa: F401

from app.api import mcp_wanted
from app.session import memory, shared_gpu
from app.session.catalogue import Catalogue
from app.session.service import AT_ONCE, Service
from app.ui import build_demo, launch_options
from mealrec.bundle.hub import local_bundle
from mealrec.bundle.manifest import media_folder
from mealrec.errors import BundleError
from mealrec.shipped import DEFAULT_BUNDLE, ROOT

NAMED = os.environ.get("MEALREC_BUNDLE") or ROOT / DEFAULT_BUNDLE


@cache
def found() -> Path | BundleError:
    """Return the bundle's folder, downloaded where it lies on the hub, or why it is not there."""
    try:
        return local_bundle(NAMED)
    except BundleError as error:
        return error


def bundle() -> Path:
    """Return the bundle's folder; raises BundleError where it is not to be had."""
    place = found()
    if isinstance(place, BundleError):
        raise place
    return place


def load_recommender():
    """Open the bundle; torch and the encoders are imported here, after the page is up."""
    from mealrec.recommender.recommender import Recommender

    return Recommender.from_bundle(bundle(), *shared_gpu.devices())


def preview() -> Catalogue:
    """Return the bundle's catalogue; an empty one where the loading will say what is wrong."""
    try:
        return Catalogue.from_bundle(bundle())
    except BundleError:
        return Catalogue.empty()


def served() -> list[str]:
    """Return the only folders that the server hands out: the bundle's clips and pictures."""
    try:
        return [str(folder) for folder in media_folder(bundle()).served]
    except BundleError:
        return []


# The page is built without the model; before the first thread is started memory is set up.
memory.give_back()
service = Service(load_recommender, preview())
demo = build_demo(service)
demo.queue(max_size=64, default_concurrency_limit=AT_ONCE, api_open=False)


def main() -> None:
    """Serve the page until the process is told to end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # the way out that cleans up
    port = int(os.environ.get("GRADIO_SERVER_PORT", 0))
    try:
        demo.launch(
            server_port=port or None,  # None takes the first that is free
            inbrowser=os.environ.get("MEALREC_OPEN_BROWSER") == "1",
            prevent_thread_lock=True,
            **launch_options(served(), mcp_wanted()),
        )
    except OSError as error:
        if "empty port" not in str(error):
            raise
        taken = f"Port {port} is taken" if port else "No port from 7860 on is free"
        example = "GRADIO_SERVER_PORT=7999 python app.py"
        sys.exit(f"{taken}: name another, as in {example}, or end what runs there.")
    service.start()  # not before: its imports would keep the first page waiting
    demo.block_thread()
