"""A bundle of twelve titles whose models stand on a backbone with content; nothing is trained, all is drawn."""

from __future__ import annotations

from dataclasses import replace

import torch

from mealrec.bundle.contents import BundleContents
from mealrec.explain.served import parts_of
from mealrec.models.paper.config import PaperConfig
from mealrec.models.paper.model import PaperMealRec
from mealrec.models.published.config import GraphConfig
from mealrec.models.published.mealrec import KindWalk, OnBackbone, OnBackboneConfig
from mealrec.types import ItemFeatures
from tests.recommender.tiny_bundle import FRAMES, ITEMS, KINDS, STEPS, TEXT, VISUAL, titles_contents

CLICKS = [[1, 4, 2, 9], [5, 3, 7, 1], [7, 8, 2], [10, 6, 4, 3], [9, 2, 1, 5], [6, 10, 8, 7]]
WEIGHTS = {"guidance": 1.5, "unseen": 0.5, "kinds": 0.8}
ON_BACKBONE = ("full", "no_tcd", "no_npd", "backbone")


def make_system(features: ItemFeatures, backbone: str = "sasrec", variant: str = "full") -> OnBackbone:
    """Return a system over the tiny bundle's features: its kinds are counted from CLICKS, its weights are drawn."""
    torch.manual_seed(5)
    shape = {"num_items": ITEMS, "visual_width": VISUAL, "text_width": TEXT, "num_frames": FRAMES}
    sizes = {"variant": "backbone", "head": "content", "width": 16, "anchor_width": 4}
    base = PaperMealRec(PaperConfig(**shape, **sizes, backbone=backbone))
    walk = KindWalk(GraphConfig(**shape, num_kinds=KINDS, num_steps=STEPS, variant=variant)).eval()
    system = OnBackbone(OnBackboneConfig(base.config, walk.config), base, walk)
    with torch.no_grad():
        for parameter in system.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    for part in (base, walk, system):
        part.prepare(CLICKS, features)
    for name, value in WEIGHTS.items():
        getattr(system, name).fill_(value)
    return system.eval()


def on_backbone_contents() -> BundleContents:
    """Return contents with a whole model, two ablations, and the whole one's backbone."""
    contents = titles_contents()
    systems = {name: make_system(contents.features, variant=name) for name in ON_BACKBONE[:-1]}
    return replace(contents, name="on-backbone", models=parts_of(systems))
