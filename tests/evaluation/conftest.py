"""The recommender of the tiny bundle, for the tests of how its explanations are measured."""

from tests.recommender.conftest import project, recommender

__all__ = ["project", "recommender"]
