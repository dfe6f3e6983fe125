"""Order and threads: what one part of the tests would otherwise do to another."""

from __future__ import annotations

import pytest
import torch


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the browser tests last: Playwright keeps an event loop in this thread until the session ends."""
    items.sort(key=lambda item: "browser" in item.path.parts)


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Two threads add gradients up in any order, and a training that must repeat exactly would not."""
    torch.set_num_threads(1)
