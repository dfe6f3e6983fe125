"""Visitors of the running app without a browser: the page's events, and the public endpoint."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx

BUSY = 503  # what the app answers where its queue is full
TIMEOUT_S = 120.0
# The endpoint's other values: no frame hidden, no noise, T as trained.
AS_IS = [[], 0.0, None]


class Busy(Exception):
    """The queue is full, and the app says so."""


class Failed(Exception):
    """The app answered with an error that no visitor should see."""


@dataclass
class Log:
    """What one visitor met: seconds of each answered event, by name, and how often all was busy."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    busy: int = 0
    errors: Counter = field(default_factory=Counter)

    @property
    def answered(self) -> int:
        """Return how many events were answered."""
        return sum(len(values) for values in self.seconds.values())


class Caller:
    """One browser session: it joins the queue with an event and listens until that is answered."""

    def __init__(self, address: str, session: str):
        self._api = f"{address}/gradio_api"
        self._session = session
        # The server closes a connection that rests for five seconds: one that is used just then
        # would be reset.
        self._http = httpx.Client(timeout=TIMEOUT_S, limits=httpx.Limits(keepalive_expiry=2.0))
        config = self._http.get(f"{address}/config").json()
        self._events = {event["api_name"]: event["id"] for event in config["dependencies"]}

    def call(self, name: str, data: list, event: dict | None = None) -> list:
        """Return the event's outputs; raises Busy where the queue is full, Failed for the rest."""
        body = {
            "data": data,
            "fn_index": self._events[name],
            "session_hash": self._session,
            "event_data": event,
        }

        # Into the queue, then wait for the answer.
        joined = self._http.post(f"{self._api}/queue/join", json=body)
        if joined.status_code == BUSY:
            raise Busy(joined.json()["detail"])
        if joined.status_code != httpx.codes.OK:
            raise Failed(f"{name}: HTTP {joined.status_code}: {joined.text[:200]}")
        return self._listen(name)

    def _listen(self, name: str) -> list:
        with self._http.stream(
            "GET", f"{self._api}/queue/data", params={"session_hash": self._session}
        ) as stream:
            # Server-sent events: progress and the place in the queue come before the end.
            for line in stream.iter_lines():
                message = json.loads(line[5:]) if line.startswith("data:") else {}
                if message.get("msg") == "process_completed":
                    if not message["success"]:
                        raise Failed(f"{name}: {str(message['output'])[:200]}")
                    return message["output"]["data"]
        raise Failed(f"{name}: the stream ended without an answer")

    def upload(self, data: bytes) -> str:
        """Send a file as the page does; returns its path on the server."""
        files = {"files": ("clip.mp4", data, "video/mp4")}
        sent = self._http.post(f"{self._api}/upload", files=files)
        return sent.json()[0]

    def close(self) -> None:
        """Leave."""
        self._http.close()


def visit(address: str, name: str, ids: list[str], until: float) -> Log:
    """Browse until a time (time.monotonic): pick a clip, read ranking and charts, ask by the API.

    Each name goes its own way, so that no answer is remembered from another visitor's.
    """
    log = Log()
    draw = random.Random(name)
    caller = Caller(address, name)
    history: list[str] = []
    try:
        while time.monotonic() < until:
            # Pick a clip, or take it out again; a long history is cleared.
            clip = draw.choice(ids)
            if clip in history:
                history.remove(clip)
            else:
                history.append(clip)
            if len(history) > 12:
                history = []
                _timed(log, caller, "edit", [None, None], {"action": "clear"})
                continue
            _timed(log, caller, "edit", [None, None], {"action": "pick", "id": clip})
            if _timed(log, caller, "answer", [None]):
                _timed(log, caller, "look_inside", [None])
            # And another question, by the API.
            asked = draw.sample(ids, draw.randint(1, 10))
            _timed(log, caller, "recommend", [asked, 10, draw.randrange(2), "full", *AS_IS])
    finally:
        caller.close()
    return log


def _timed(log: Log, caller: Caller, name: str, data: list, event: dict | None = None) -> bool:
    # Only what is answered has a time.
    began = time.monotonic()
    try:
        caller.call(name, data, event)
    except Busy:
        log.busy += 1
        return False
    except (Failed, httpx.HTTPError) as error:
        log.errors[f"{type(error).__name__}: {error}"] += 1
        return False
    log.seconds.setdefault(name, []).append(time.monotonic() - began)
    return True
