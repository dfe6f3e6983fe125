"""The first hundred hostile files through the function behind /encode; `make fuzz` sends all thousand."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest

from app.session.service import Service
from mealrec.bundle.disk import write_bundle
from mealrec.features.text import TextEncoder
from mealrec.features.weights import weights_checksum
from mealrec.recommender.recommender import Recommender
from mealrec.recommender.uploads import UPLOAD_LIMITS
from tests.features.tiny_encoders import write_videomae
from tests.hostile_files import KINDS, Sources, hostile_file, write_sources
from tests.hostile_run import Workers, held, upload_all
from tests.recommender.tiny_bundle import TEXT, VISUAL, tiny_contents

FILES = 100


class NoText:
    """A text encoder that finds nothing in any title."""

    name, checksum = "tiny", "t"

    def encode(self, titles):
        return np.zeros((len(titles), TEXT), np.float32), np.zeros(len(titles), bool)


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> Sources:
    return write_sources(tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="module")
def real_service(tmp_path_factory) -> Service:
    """Return a service over a real recommender whose encoder is small."""
    root = tmp_path_factory.mktemp("project") / "checkpoints"
    write_videomae(root / "encoder", width=VISUAL, layers=1)
    write_bundle(root / "tiny", tiny_contents(weights_checksum(str(root / "encoder"))))
    service = Service(lambda: Recommender.from_bundle(root / "tiny", device="cpu")).start()
    service.recommender()
    return service


def folders(tmp_path: Path, monkeypatch) -> tuple[Path, Path]:
    uploads, temporary = tmp_path / "uploads", tmp_path / "temporary"
    for folder in (uploads, temporary):
        folder.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(uploads))
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return uploads, temporary


def test_a_hundred_hostile_uploads_harm_nobody(real_service, sources, tmp_path, monkeypatch):
    monkeypatch.setattr(TextEncoder, "from_pretrained", lambda name, device: NoText())
    uploads, temporary = folders(tmp_path, monkeypatch)
    (first,) = upload_all(real_service, sources, uploads, [16 + len(KINDS) * FILES])  # brings the encoders
    before = held()
    with Workers().watched() as workers:
        answers = list(upload_all(real_service, sources, uploads, range(FILES)))
    assert first.outcome == "taken"
    assert not [answer for answer in answers if answer.outcome not in ("taken", "refused")]
    assert {answer.kind for answer in answers} == set(KINDS)
    assert 0 < workers.peak_cpu_s < UPLOAD_LIMITS.cpu_s + 2
    assert max(answer.seconds for answer in answers) < UPLOAD_LIMITS.timeout_s / 2
    assert 0 < workers.peak_bytes < UPLOAD_LIMITS.max_memory_bytes
    assert not [path for folder in (uploads, temporary) for path in folder.rglob("*") if path.is_file()]
    threads, files = held()
    assert threads <= before[0] and files <= before[1] + 1


def test_messages_are_one_short_line_without_secrets(real_service, sources, tmp_path, monkeypatch):
    monkeypatch.setattr(TextEncoder, "from_pretrained", lambda name, device: NoText())
    uploads, _ = folders(tmp_path, monkeypatch)
    playlists, odd_names = list(KINDS).index("playlists"), list(KINDS).index("odd names")
    numbers = [row * len(KINDS) + kind for row in range(3) for kind in (playlists, odd_names)]
    for answer in upload_all(real_service, sources, uploads, numbers):
        assert "root:" not in answer.message and answer.message.isprintable() and len(answer.message) < 300
        assert answer.outcome == "taken" if answer.kind == "odd names" else "refused"


def test_the_same_seed_gives_the_same_files(sources, tmp_path):
    for number in range(0, FILES, 7):
        one, other = (hostile_file(number, sources, tmp_path, seed=3) for _ in range(2))
        content = one[1].read_bytes()
        assert one == other and content == hostile_file(number, sources, tmp_path, seed=3)[1].read_bytes()
    assert (
        hostile_file(0, sources, tmp_path, seed=4)[1].read_bytes()
        != hostile_file(0, sources, tmp_path, seed=3)[1].read_bytes()
    )
