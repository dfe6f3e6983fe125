"""EfficientNet-Lite, an image classifier (Tan and Le, arXiv:1905.11946, without attention)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

from mealrec.errors import DataFormatError

MODEL_TYPE = "efficientnet-lite"


@dataclass(frozen=True)
class Stage:
    """`repeats` blocks of one kind; the first has the `stride`, each widens `expand` times."""

    kernel: int
    stride: int
    expand: int
    width: int
    repeats: int


# The stages of the paper's Table 1.
LITE0 = (
    Stage(3, 1, 1, 16, 1),
    Stage(3, 2, 6, 24, 2),
    Stage(5, 2, 6, 40, 2),
    Stage(3, 2, 6, 80, 3),
    Stage(5, 1, 6, 112, 3),
    Stage(5, 2, 6, 192, 4),
    Stage(3, 1, 6, 320, 1),
)


@dataclass(frozen=True)
class EfficientNetConfig:
    """The shape of the network; the default is EfficientNet-Lite0 with its 1,000 classes."""

    stem_width: int = 32
    stages: tuple[Stage, ...] = LITE0
    head_width: int = 1280
    num_classes: int = 1000

    @classmethod
    def from_dict(cls, values: dict) -> EfficientNetConfig:
        """Read the JSON form; raises DataFormatError where it is not one."""
        # A stage is a list of its five numbers.
        try:
            return cls(
                stem_width=int(values["stem_width"]),
                stages=tuple(Stage(*map(int, stage)) for stage in values["stages"]),
                head_width=int(values["head_width"]),
                num_classes=int(values["num_classes"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DataFormatError(
                "The encoder's config.json gives no shape of an EfficientNet-Lite (stem_width, "
                "stages of five numbers, head_width, num_classes): make it again with `python -m "
                "mealrec encoder`."
            ) from error

    def to_dict(self) -> dict:
        """Return the JSON form."""
        stages = [list(vars(stage).values()) for stage in self.stages]
        return {**vars(self), "stages": stages}


class Convolution(nn.Conv2d):
    """A convolution that pads as TensorFlow does, where the network was trained.

    ceil(size / stride) places come out, and an odd padding has its extra row below and to the
    right. The batch normalisation that followed it in training is folded into its weight and bias.
    """

    def __init__(
        self, width_in: int, width_out: int, kernel: int, stride: int = 1, groups: int = 1
    ):
        super().__init__(width_in, width_out, kernel, stride, groups=groups)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return [M, width_out, ceil(H / stride), ceil(W / stride)]."""
        stride = self.stride[0]
        kernel = self.kernel_size[0]

        def padding(size: int) -> int:
            return max((-(-size // stride) - 1) * stride + kernel - size, 0)

        rows = padding(pixels.shape[2])
        columns = padding(pixels.shape[3])

        # The same on all sides: the convolution pads faster than a copy.
        if rows == columns and rows % 2 == 0:
            return functional.conv2d(
                pixels, self.weight, self.bias, stride, rows // 2, groups=self.groups
            )

        # Else the odd one comes last.
        around = (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)
        return super().forward(functional.pad(pixels, around))


class InvertedResidual(nn.Module):
    """Widen, look around in each channel, narrow again; what came in is added if it fits."""

    def __init__(self, width_in: int, stage: Stage, stride: int):
        super().__init__()
        middle = width_in * stage.expand
        self.expand = Convolution(width_in, middle, 1) if stage.expand > 1 else None
        self.depthwise = Convolution(middle, middle, stage.kernel, stride, groups=middle)
        self.project = Convolution(middle, stage.width, 1)
        self.residual = stride == 1 and width_in == stage.width

    def forward(self, pixels: Tensor) -> Tensor:
        """Return [M, width, H / stride, W / stride]."""
        # Widen, where the block does, and look around.
        wide = pixels
        if self.expand is not None:
            wide = functional.relu6(self.expand(pixels), inplace=True)
        wide = functional.relu6(self.depthwise(wide), inplace=True)

        # Narrow again; no activation, which would lose what is negative.
        narrow = self.project(wide)
        return pixels + narrow if self.residual else narrow


class EfficientNetLite(nn.Module):
    """Stem, stages, head, classifier; every activation is ReLU6."""

    def __init__(self, config: EfficientNetConfig):
        super().__init__()
        self.config = config
        self.stem = Convolution(3, config.stem_width, 3, stride=2)

        # A stage's first block changes the width and the size, the others keep both.
        width = config.stem_width
        stages = []
        for stage in config.stages:
            blocks = []
            for number in range(stage.repeats):
                stride = stage.stride if number == 0 else 1
                blocks.append(InvertedResidual(width, stage, stride))
                width = stage.width
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)

        # From the last stage to the classes.
        self.head = Convolution(width, config.head_width, 1)
        self.classifier = nn.Linear(config.head_width, config.num_classes)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the logits [M, num_classes] of normalised pixels [M, 3, H, W]."""
        return self.classifier(self.maps(pixels)[-1].mean((2, 3)))

    def maps(self, pixels: Tensor) -> list[Tensor]:
        """Return what the stem, each stage and the head make of pixels, [M, width, h, w] each."""
        made = [functional.relu6(self.stem(pixels))]
        for stage in self.stages:
            made.append(stage(made[-1]))
        return [*made, functional.relu6(self.head(made[-1]))]
