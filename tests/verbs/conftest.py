"""The bundle that the recommender's tests stand on."""

from tests.recommender.conftest import bundle, project, recommender  # noqa: F401
