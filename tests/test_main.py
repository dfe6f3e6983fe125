"""What ends a command, whatever the verb: one sentence on the terminal and an exit status."""

from __future__ import annotations

import errno
import types

import pytest

from mealrec import __main__ as entry


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (KeyboardInterrupt(), 130, "mealrec extract: all done so far is kept\n"),
        (
            OSError(errno.ENOSPC, "No space left on device", "store"),
            2,
            "the disk is full; make room at store (No space",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "out"), 2, "may not be used; change its rights, or name"),
    ],
)
def test_what_ends_a_verb_is_one_sentence(monkeypatch, capsys, error, status, told):
    def run(arguments):
        raise error

    module = types.SimpleNamespace(add_arguments=lambda parser: None, run=run, STOPPED="all done so far is kept")
    monkeypatch.setattr(entry, "import_module", lambda name: module)
    assert entry.main(["extract"]) == status
    message = capsys.readouterr().err
    assert told in message and message.count("\n") == 1


def test_a_fault_of_ours_stays_a_fault(monkeypatch):
    def run(arguments):
        raise OSError(errno.EBADF, "Bad file descriptor")

    module = types.SimpleNamespace(add_arguments=lambda parser: None, run=run)
    monkeypatch.setattr(entry, "import_module", lambda name: module)
    with pytest.raises(OSError, match="Bad file descriptor"):
        entry.main(["extract"])


@pytest.mark.parametrize("arguments", [["--help"], *([verb, "--help"] for verb in entry.VERBS)], ids=" ".join)
def test_help_works(arguments, capsys):
    with pytest.raises(SystemExit) as exit_:
        entry.main(arguments)
    assert exit_.value.code == 0
    assert "usage" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["nonsense"], ["recommend", "--k", "few"], []])
def test_wrong_arguments_end_with_usage(arguments, capsys):
    with pytest.raises(SystemExit) as exit_:
        entry.main(arguments)
    assert exit_.value.code == 2
    assert "usage" in capsys.readouterr().err
