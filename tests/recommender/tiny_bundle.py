"""A bundle of twelve items and four untrained models, small enough to write in a moment."""

from __future__ import annotations

from dataclasses import replace

import torch

from mealrec.bundle.contents import BundleContents
from mealrec.bundle.manifest import CatalogueItem, ExampleViewer, ViewerCase
from mealrec.explain.trace import Face, Kind
from mealrec.features.tensors import Normalisation
from mealrec.models.config import MealRecConfig
from mealrec.models.mealrec import MealRec
from mealrec.recommender.uploads import Upload
from mealrec.types import ItemFeatures

ITEMS, FRAMES, VISUAL, TEXT, STEPS, KINDS = 12, 5, 64, 6, 4, 8
HELD_OUT = ("i11", "i12")
VARIANTS = ("full", "no_tcd", "no_npd", "backbone")


def tiny_contents(video_sha256: str = "0" * 64) -> BundleContents:
    """Return contents whose encoder lies beside the bundle, in ../encoder, and whose media lie in ../media."""
    generator = torch.Generator().manual_seed(3)
    ids = [f"i{number}" for number in range(1, ITEMS + 1)]
    catalogue = tuple(
        CatalogueItem(item_id, f"title of {item_id}", ("food", "sea")[number % 2], item_id in HELD_OUT)
        for number, item_id in enumerate(ids)
    )
    return BundleContents(
        name="tiny",
        created_with="tests/recommender/tiny_bundle.py",
        catalogue=catalogue,
        viewers=(ExampleViewer("v1", ("i1", "i2"), "i3", "food, then sea"),),
        models={variant: _model(variant, generator) for variant in VARIANTS},
        kinds=tuple(named_kind(index) for index in range(KINDS)),
        features=_features(catalogue, generator),
        times_s=torch.cat([torch.zeros(1, FRAMES), torch.arange(0.5, FRAMES).expand(ITEMS, FRAMES)]),
        normalisation=Normalisation(torch.zeros(VISUAL), torch.eye(VISUAL) / 2, torch.zeros(TEXT), torch.ones(TEXT)),
        encoders={"video": {"name": "../encoder", "sha256": video_sha256}, "text": {"name": "tiny", "sha256": "t"}},
        media="../media",
        interval_s=1.0,
        metrics={"test": {"full": {"H@10": 0.5}}},
        training={"seconds": 1},
        test_viewers=(
            ViewerCase("v1", ("i1", "i2"), "i3", accident=True),
            ViewerCase("v2", ("i5", "i3", "i9", "i1"), "i12", accident=False),
            ViewerCase("v3", ("i7",), "i2"),
        ),
    )


def titles_contents() -> BundleContents:
    """Return contents made of titles alone: no topics, no clips, segments in place of frames; all of it is made up."""
    contents = tiny_contents()
    catalogue = tuple(
        replace(item, title=f"made up title {item.item_id} # rainy days # number {row}", topic="")
        for row, item in enumerate(contents.catalogue)
    )
    encoders = {**contents.encoders, "video": {"name": "title-segments:tiny", "sha256": "t"}}
    viewers = (ExampleViewer("v1", ("i1", "i2"), "i3", "2 of 2 are #rainy days"),)
    return replace(contents, name="titles", catalogue=catalogue, encoders=encoders, viewers=viewers, media="./media")


def tiny_upload(number: int = 0, upload_id: str = "upload-0123456789") -> Upload:
    """Return an upload that was never a video: random features under a fixed id."""
    generator = torch.Generator().manual_seed(100 + number)
    frames = torch.randn(1, FRAMES, VISUAL, generator=generator)
    yes = torch.ones(1, dtype=torch.bool)
    features = ItemFeatures(frames.mean(1), frames, torch.zeros(1, TEXT), yes, ~yes, ~yes)
    return Upload(upload_id, "mine", torch.arange(FRAMES).numpy() + 0.25, (), features, ())


def with_models(contents: BundleContents, **models) -> BundleContents:
    """Return contents with some variants replaced or added."""
    return replace(contents, models=contents.models | models)


def drawn(model: MealRec, generator: torch.Generator) -> dict[str, torch.Tensor]:
    """Return weights all of which are drawn, so that each module leaves its mark; frames look distinct."""
    weights = {
        name: torch.randn(tensor.shape, generator=generator) * 0.3 if tensor.is_floating_point() else tensor
        for name, tensor in model.state_dict().items()
    }
    return weights | {"table.kind_space.sharpness": torch.tensor(8.0), "table.kind_space.centre": torch.zeros(VISUAL)}


def _model(variant: str, generator: torch.Generator) -> tuple[MealRecConfig, dict[str, torch.Tensor]]:
    config = MealRecConfig(ITEMS, VISUAL, TEXT, FRAMES, num_kinds=KINDS, num_steps=STEPS, variant=variant)
    return config, drawn(MealRec(config), generator)


def named_kind(index: int) -> Kind:
    return Kind(
        index=index,
        name=f"kind {index + 1}",
        words=("word",),
        sights=(),
        faces=(Face(f"i{index + 1}", index % FRAMES, 0.9),),
        share=1 / KINDS,
        place=(0.1 + index / 10, 0.5),
    )


def _features(catalogue: tuple[CatalogueItem, ...], generator: torch.Generator) -> ItemFeatures:
    def padded(rows: torch.Tensor) -> torch.Tensor:
        return torch.cat([torch.zeros_like(rows[:1]), rows])

    frames = torch.randn(ITEMS, FRAMES, VISUAL, generator=generator)
    text = torch.randn(ITEMS, TEXT, generator=generator)
    yes, known = torch.ones(ITEMS, dtype=torch.bool), torch.tensor([not item.held_out for item in catalogue])
    return ItemFeatures(*(padded(rows) for rows in (frames.mean(1), frames, text, yes, yes, known)))
