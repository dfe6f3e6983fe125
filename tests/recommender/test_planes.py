"""The maps: principal directions that explain what they claim."""

import pytest
import torch

from mealrec.recommender.planes import principal_plane


@pytest.fixture
def points() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    spread = torch.tensor([5.0, 3.0, 0.1, 0.1])
    return torch.randn(200, 4, generator=generator) * spread + torch.tensor([1.0, -2.0, 3.0, 0.0])


def test_the_widest_directions_come_first(points):
    project = principal_plane(points.split(64))
    shadows = project(points)
    assert torch.allclose(shadows.mean(0), torch.zeros(2), atol=1e-4)
    assert shadows.std(0)[0] > shadows.std(0)[1]
    assert project.explained == pytest.approx(float(shadows.var(0).sum() / points.var(0).sum()), abs=1e-4)
    assert project.explained > 0.99


def test_the_map_does_not_flip(points):
    first, mirrored = principal_plane([points]), principal_plane(points.flip(0).split(7))
    assert torch.allclose(first.directions, mirrored.directions, atol=1e-4)
    assert torch.allclose(first.directions.T @ first.directions, torch.eye(2), atol=1e-5)


def test_points_without_spread_do_not_break():
    project = principal_plane([torch.ones(3, 4)])
    assert torch.isfinite(project(torch.ones(1, 4))).all() and project.explained == 0
