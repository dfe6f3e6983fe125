"""What every baseline keeps to, how it is found and built, and the pieces that several share.

A baseline is a file of this folder; the file's name is its key.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import mealrec.baselines as folder
from mealrec.diffusion.sampler import reverse_walk
from mealrec.diffusion.schedule import Schedule
from mealrec.errors import TrainingError
from mealrec.types import Clicks, ItemFeatures, SequenceBatch

HIDDEN_STATES = "hidden states"
TITLES = "titles"


class EncoderInput(Protocol):
    """What a system reads of the encoders beyond the features: HiddenStates or Titles."""

    @property
    def shape(self) -> dict[str, int | str]:
        """Return the fields of a configuration that the encoders decide."""


@dataclass(frozen=True)
class BaselineConfig:
    """What the data decide, and the settings that every baseline has; a `Config` adds its own."""

    num_items: int
    visual_width: int
    text_width: int
    num_frames: int = 5
    max_length: int = 10
    width: int = 64

    def to_dict(self) -> dict:
        """Return plain JSON types; `from_dict` of this module reads them."""
        return {"baseline": _key(self)} | asdict(self)


class Baseline(nn.Module):
    """A recommender of its own, and the contract that every trained system keeps.

    A subclass defines `loss`, `items` and `scores`, and sets:

    `Config`: its frozen configuration. `SUMMARY`: the line that tables show.
    `causal`: one row a user trains every position; where states see what comes after them, there is
    one row a prefix.
    `ends`: what `scores` may end at, for a system with a walk; see PaperMealRec.scores.
    `needs`: what it reads of the encoders beyond the features: HIDDEN_STATES, TITLES (with the text
    encoder that is trained on) or nothing. `build` and `prepare` are given it as `encoder_input`.
    `form_of`: the baseline that it is another form of, so no row of Table 2.
    `reads_content`: it knows clips or titles, not IDs alone.
    """

    Config: type[BaselineConfig]
    SUMMARY: str
    causal: bool = True
    ends: tuple[str, ...] = ("walk",)
    needs: str = ""
    form_of: str = ""
    reads_content: bool = True

    def begin(self, encoder_input: EncoderInput) -> None:
        """Take over an encoder's weights; called once before training, never after loading."""

    def prepare(
        self, sequences: Clicks, features: ItemFeatures, encoder_input: EncoderInput | None = None
    ) -> None:
        """Take what is computed once from the training sequences and the features: counts, graphs.

        `sequences` are item indices. Called before training and after loading; what it keeps is a
        buffer. Nothing by default.
        """

    def rates(self, id_rate: float) -> list[tuple[list[nn.Parameter], float]]:
        """Return weights with a learning rate of their own, and how many times the rest's it is.

        `id_rate` is that of the embeddings.
        """
        embeddings = [module for module in self.modules() if isinstance(module, nn.Embedding)]
        return [([embedding.weight for embedding in embeddings], id_rate)]

    def loss(self, batch: SequenceBatch, features: ItemFeatures) -> dict[str, Tensor]:
        """Return the terms by name, "total" the one that is minimised; draws as torch does."""
        raise TypeError(f"{type(self).__name__} must define loss(batch, features)")

    def items(self, features: ItemFeatures) -> Tensor:
        """Return what stands for every item [N+1, ...], computed once for many histories."""
        raise TypeError(f"{type(self).__name__} must define items(features)")

    def scores(self, histories: Tensor, items: Tensor) -> Tensor:
        """Return all items' scores [R, N+1] for histories [R, L] and `items`; it draws nothing."""
        raise TypeError(f"{type(self).__name__} must define scores(histories, items)")


# --- The registry ---


def names() -> tuple[str, ...]:
    """Return the baselines found in this folder."""
    # Files that begin with _ hold what several share.
    found = [module.name for module in pkgutil.iter_modules(folder.__path__)]
    return tuple(sorted(name for name in found if name != "base" and not name.startswith("_")))


def system(name: str) -> type[Baseline]:
    """Return a baseline's class; raises ValueError for an unknown name."""
    if name not in names():
        raise ValueError(f"baseline must be one of {', '.join(names())}, got {name!r}")
    return import_module(f"mealrec.baselines.{name}").System


def needs(config: object) -> str:
    """Return what the system of a configuration, MealRec's too, reads beyond the features."""
    return system(_key(config)).needs if isinstance(config, BaselineConfig) else ""


def build(config: BaselineConfig, encoder_input: EncoderInput | None = None) -> Baseline:
    """Return the untrained system that a configuration belongs to.

    Where it needs an `encoder_input`, the encoders' depths and widths are filled in and it begins
    from their weights. A configuration that was read back has the first already, and its weights
    come from a file. Raises TrainingError where the two do not fit.
    """
    # What was read back, or reads nothing of the encoders, is whole as it is.
    cls = system(_key(config))
    if encoder_input is None or not cls.needs:
        return cls(config)

    # Else the encoders say how wide and deep it is, and what it starts from.
    built = cls(replace(config, **encoder_input.shape))
    built.begin(encoder_input)
    return built


def from_dict(values: dict) -> BaselineConfig:
    """Rebuild a configuration; TypeError on an unknown key, ValueError on a name."""
    values = dict(values)
    return system(values.pop("baseline")).Config(**values)


def check_fit(config: BaselineConfig, encoder_input: EncoderInput, count: int, what: str) -> None:
    """Raise TrainingError where what is given has another shape or number of items than built for.

    `count` is the number of items in `encoder_input`, `what` names it in the message.
    """
    # The same encoders, and the same catalogue.
    ours = {name: getattr(config, name) for name in encoder_input.shape}
    if encoder_input.shape != ours or count != config.num_items:
        raise TrainingError(
            f"the system is built for {what} of {ours} and {config.num_items} items; "
            f"{encoder_input.shape} and {count} items came: take the features it was trained on"
        )


def _key(config: BaselineConfig) -> str:
    return type(config).__module__.rpartition(".")[2]


# --- Pieces of more than one baseline ---


def id_embedding(num_items: int, width: int) -> nn.Embedding:
    """Return an embedding of every item's ID [N+1, D], drawn small."""
    ids = nn.Embedding(num_items + 1, width)
    nn.init.normal_(ids.weight, std=0.1)
    return ids


def full_cross_entropy(scores: Tensor, targets: Tensor, features: ItemFeatures) -> Tensor:
    """Return the cross-entropy of targets [R] over all items with an ID; scores [R, N+1]."""
    return F.cross_entropy(scores.masked_fill(~features.has_id, -1e4), targets)


def received(nodes: Tensor, source: Tensor, target: Tensor, count: int) -> Tensor:
    """Return the mean of what each of `count` nodes receives [count, ...].

    nodes [R, ...] send along edges from `source` [E] to `target` [E].
    """
    # The sum over all edges into a node, by how many there are; 0 where there are none.
    degree = torch.bincount(target, minlength=count).clamp(min=1)
    total = nodes.new_zeros(count, *nodes.shape[1:]).index_add(0, target, nodes[source])
    return total / degree.view(-1, *[1] * (nodes.dim() - 1))


def walk_end(
    schedule: Schedule, denoise: Callable[[Tensor, Tensor], Tensor], x_start: Tensor
) -> Tensor:
    """Return x0_hat [R, D] at the end of the reverse walk from `x_start` [R, D].

    `denoise(xt, steps)` takes the diffusion step of each row [R].
    """

    def denoiser(xt: Tensor, step: int) -> Tensor:
        return denoise(xt, torch.full((len(xt),), step, device=xt.device))

    *_, last = reverse_walk(schedule, denoiser, x_start)
    return last.x0_hat


def one_noise(like: Tensor) -> Tensor:
    """Return one fixed noise for every row, so that a row's answer does not hang on its company."""
    noise = torch.randn(like.shape[-1], generator=torch.Generator().manual_seed(0))
    return noise.to(like).expand_as(like)
