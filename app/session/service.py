"""The recommender behind the page: loaded in the background, shared by all visitors."""

from __future__ import annotations

import contextlib
import contextvars
import queue
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr
import numpy as np

from app.look.markup import picture_url
from app.session import shared_gpu
from app.session.catalogue import Catalogue
from app.session.state import Session
from app.uploads.folder import discard
from app.uploads.store import UPLOAD_PREFIX, UploadStore
from mealrec.errors import MealRecError, RequestError
from mealrec.question import Question
from mealrec.recommender.comparing import Comparison, compare

if TYPE_CHECKING:
    from mealrec.bundle.manifest import ExampleViewer, ViewerCase
    from mealrec.explain.trace import Effect, Recommendation
    from mealrec.recommender.recommender import Recommender
    from mealrec.recommender.uploads import Upload

    Answer = Recommendation | tuple[Effect, ...]

# How long a visitor's event waits for the model.
LOADING_TIMEOUT_S = 180.0
# How many events run at once. Recommendations that wait for the model are walked as one batch.
AT_ONCE = 32
MODEL = {"concurrency_id": "model", "concurrency_limit": AT_ONCE}
# An encoding has the machine's cores to itself but for them.
ENCODER = {"concurrency_id": "encoder", "concurrency_limit": 1}
# What is drawn from an answer may have to decode a clip first: it takes no ranking's place.
PICTURES = {"concurrency_id": "pictures", "concurrency_limit": 4}
_FACE_HEIGHT = 160
# An answer is asked for again by its pictures, after others' rankings.
_REMEMBERED = 3 * AT_ONCE


@dataclass(frozen=True)
class Progress:
    """How far an upload's encoding has come: the stage in words and a fraction in [0, 1]."""

    stage: str
    fraction: float


@contextlib.contextmanager
def user_errors() -> Iterator[None]:
    """Show the library's errors to the visitor: each is one sentence that says what to do.

    Serves as a decorator of a function too; a generator wants it around its body.
    """
    try:
        yield
    except MealRecError as error:
        raise gr.Error(str(error), print_exception=False) from error


def while_open(draw: Callable) -> Callable:
    """Return an event's function that draws only while its tab is open, which comes first."""

    def drawn(is_open: bool, *asked: object) -> object:
        return draw(*asked) if is_open else gr.skip()

    # By its name and module an event is known.
    drawn.__name__ = draw.__name__
    drawn.__module__ = draw.__module__
    return drawn


class Service:
    """One recommender for all visitors; of them it keeps their uploads, and answers for a while."""

    def __init__(self, load: Callable[[], Recommender], preview: Catalogue | None = None) -> None:
        """Prepare; `preview` is what the page shows until `load` has brought the model."""
        self._load = load
        self._recommender: Recommender | None = None
        self._catalogue = preview or Catalogue.empty()
        self._failure = ""
        self._starting = threading.Lock()
        self._loader: threading.Thread | None = None
        self._settled = threading.Event()
        # The ranking and the charts of one run are drawn by several events: all but the first find
        # the run here.
        self._answers: OrderedDict[tuple[str, Question], Answer] = OrderedDict()
        self._answers_lock = threading.Lock()
        # Faces are small, one a kind, and asked for by every answer.
        self._faces: dict[int, str] = {}
        self._drawing = threading.Semaphore()
        self.uploads = UploadStore()
        self._encode_borrowing = shared_gpu.borrowing(self._encode_alone)

    def start(self) -> Service:
        """Load the model in the background and return at once; once is enough."""
        with self._starting:
            if self._loader is None:
                self._loader = threading.Thread(target=self._open, name="load-bundle", daemon=True)
                self._loader.start()
        return self

    def _open(self) -> None:
        try:
            recommender = self._load()
            self._catalogue = Catalogue(
                recommender.catalogue, recommender.media, recommender.variants
            )
            self._recommender = recommender
        except MealRecError as error:
            self._failure = str(error)
        except Exception as error:
            # A thread's exception would vanish; the page has to say that it failed.
            self._failure = f"The model could not be loaded ({type(error).__name__}: {error})."
        finally:
            if self._failure:
                # For whoever looks at the terminal, and not at the page.
                print(f"mealrec: {self._failure}", file=sys.stderr, flush=True)
            self._settled.set()

    @property
    def ready(self) -> bool:
        """Whether the model is loaded."""
        return self._recommender is not None

    @property
    def loading(self) -> bool:
        """Whether the model is still being loaded; afterwards it is ready or has failed."""
        return not self._settled.is_set()

    @property
    def catalogue(self) -> Catalogue:
        """Return the clips on offer; before the model is there, those of the catalogue's files."""
        return self._catalogue

    def recommender(self, timeout_s: float = LOADING_TIMEOUT_S) -> Recommender:
        """Return the recommender, waiting for it while it loads; whoever asks first starts that.

        Raises RequestError where it could not be loaded, or is not there in time.
        """
        if not self.start()._settled.wait(timeout_s):
            raise RequestError("The model is still warming up; please try again in a minute.")
        if self._recommender is None:
            raise RequestError(self._failure)
        return self._recommender

    @property
    def num_frames(self) -> int:
        """Return how many frames K of a clip the model sees; 0 before it is there."""
        return self._recommender.num_frames if self._recommender else 0

    def recommend(self, question: Question) -> Recommendation:
        """Rank the catalogue for a question and keep every step of the walk."""
        return self._answer("recommend", question)

    def effects(self, question: Question) -> tuple[Effect, ...]:
        """Tell what would change the answer to a question most."""
        return self._answer("effects", question)

    def _answer(self, ask: str, question: Question) -> Answer:
        """Ask the recommender, once for all that ask the same."""
        recommender = self.recommender()
        complete = self._with_uploads(question)

        # The key names its uploads by their secret ids: it keeps no video longer than the store.
        key = (ask, question)
        with self._answers_lock:
            if key in self._answers:
                return self._answers[key]

        # Keep the answer in place of the oldest one.
        answer = getattr(recommender, ask)(complete)
        with self._answers_lock:
            self._answers[key] = answer
            while len(self._answers) > _REMEMBERED:
                self._answers.popitem(last=False)
        return answer

    def compare(self, question: Question, target: str = "") -> Comparison:
        """Ask every system of the bundle; the item `target` is looked for in each ranking."""
        found = self.catalogue.get(target)
        return compare(self.recommender(), self._with_uploads(question), found)

    def _with_uploads(self, question: Question) -> Question:
        """Return a question with the uploads that its history names.

        Raises RequestError where one is no longer kept.
        """
        named = [item_id for item_id in question.history if item_id.startswith(UPLOAD_PREFIX)]
        uploads = [self.uploads.get(item_id) for item_id in named]
        if None in uploads:
            raise RequestError(
                "An uploaded clip of this history is no longer kept; remove it or upload it again."
            )
        return replace(question, uploads=uploads)

    def target(self, session: Session) -> str:
        """Return the example viewer's true next clip once it is revealed, else ""."""
        if not session.revealed:
            return ""
        viewer = self.viewer(session.viewer_id)
        return viewer.target if viewer else ""

    def known(self, session: Session) -> tuple[str, ...]:
        """Return the ids of a history that still name a clip or a kept upload, in order."""
        known = []
        for item_id in session.history:
            if item_id in self.catalogue or self.upload(item_id) is not None:
                known.append(item_id)
        return tuple(known)

    def viewer(self, viewer_id: str) -> ExampleViewer | ViewerCase | None:
        """Return the test viewer of this id, else the example viewer, else None.

        Waits for the model while it loads.
        """
        recommender = self.recommender()
        # The examples are of the test split too.
        known = (*recommender.test_viewers, *recommender.viewers)
        return next((viewer for viewer in known if viewer.viewer_id == viewer_id), None)

    def face(self, kind: int) -> str:
        """Return a typical moment of a kind as a small picture's address, "" if there is none."""
        # Drawn outside of the lock, which nobody may hold for so long.
        with self._answers_lock:
            known = self._faces.get(kind)
        if known is None:
            known = self._face_of(kind)
            with self._answers_lock:
                self._faces[kind] = known
        return known

    def faces(self, kinds: Sequence[int]) -> dict[int, str]:
        """Return the pictures of kinds that are at hand; get the others ready for the next time.

        Each may be a frame of another clip that has to be decoded first: nobody's charts wait for a
        dozen of those.
        """
        with self._answers_lock:
            known = {kind: self._faces[kind] for kind in kinds if kind in self._faces}

        # One thread at a time draws those that are missing.
        missing = [kind for kind in kinds if kind not in known]
        if missing and self._drawing.acquire(blocking=False):
            draw = threading.Thread(
                target=self._draw, args=(missing,), name="draw-faces", daemon=True
            )
            draw.start()

        # "" stands for a kind whose clips cannot be shown.
        return {kind: face for kind, face in known.items() if face}

    def _draw(self, kinds: Sequence[int]) -> None:
        try:
            for kind in kinds:
                self.face(kind)
        finally:
            self._drawing.release()

    def _face_of(self, kind: int) -> str:
        """Return the picture of the first face whose clip can be shown."""
        for face in self.recommender().kinds[kind].faces:
            frames = self.thumbnails(face.item_id)
            if face.frame < len(frames):
                return picture_url(frames[face.frame], _FACE_HEIGHT)
        return ""

    def upload(self, item_id: str) -> Upload | None:
        """Return the kept upload of this id, or None."""
        return self.uploads.get(item_id) if item_id.startswith(UPLOAD_PREFIX) else None

    def thumbnails(self, item_id: str) -> Sequence[np.ndarray]:
        """Return the K sampled frames [H, W, 3] of a clip or an upload; none without a video."""
        upload = self.upload(item_id)
        if upload is not None:
            return list(upload.thumbnails)
        return self.recommender().media.frame_thumbnails(item_id)

    def encode(
        self, path: str | Path, title: str = "", visit: str = ""
    ) -> Iterator[Progress | Upload]:
        """Encode a video on another thread; yield its progress, and at last the kept upload.

        The upload is the visit's. Closing the iterator cancels the work at its next report of
        progress. An uploaded file is deleted once it is encoded or refused. Raises VideoError where
        the file is not a usable video.
        """
        # What the encoding thread reports, and how it is told to stop.
        recommender = self.recommender()
        reports: queue.Queue = queue.Queue()
        cancelled = threading.Event()

        def report(stage: str, fraction: float) -> None:
            reports.put(Progress(stage, float(fraction)))

        def work() -> None:
            try:
                if shared_gpu.is_lent():
                    report("waiting for a shared GPU", 0.0)
                    outcome = self._encode_borrowing(str(path), title)
                else:
                    outcome = recommender.encode_upload(
                        path, title=title, progress=report, cancel=cancelled.is_set
                    )
            except BaseException as error:
                # Handed to the waiting visitor's thread, which raises it.
                outcome = error
            discard(path)
            reports.put(outcome)

        # In the visitor's context: a shared GPU is lent to a visitor.
        context = contextvars.copy_context()
        thread = threading.Thread(
            target=context.run, args=(work,), name="encode-upload", daemon=True
        )
        thread.start()
        try:
            yield from self._follow(reports, visit)
        finally:
            cancelled.set()

    def _encode_alone(self, path: str, title: str) -> Upload | MealRecError:
        """Encode in another process, from which an error comes back as a value or not at all."""
        try:
            return self.recommender().encode_upload(path, title=title)
        except MealRecError as error:
            return error

    def _follow(self, reports: queue.Queue, visit: str) -> Iterator[Progress | Upload]:
        # Progress, until an error or the upload comes.
        while True:
            report = reports.get()
            if isinstance(report, BaseException):
                raise report
            if not isinstance(report, Progress):
                self.uploads.add(report, visit)
                yield report
                return
            yield report
