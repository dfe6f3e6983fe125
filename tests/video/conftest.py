"""What the features' tests stand on."""

from tests.features.conftest import bert_path, catalogue, encoder, encoder_path, in_this_process  # noqa: F401
