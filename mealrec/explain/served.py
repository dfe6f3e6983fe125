"""The forms of models that are served: how each is built, and asked in the same words.

MealRec over kinds is asked as it is; MealRec on published data through `Served`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mealrec.models.config import MealRecConfig
from mealrec.models.diffusions import Context, Walk
from mealrec.models.history import Rows, last_rows
from mealrec.models.mealrec import MealRec
from mealrec.models.paper.table import Items as BaseItems
from mealrec.models.published.guided import direction
from mealrec.models.published.mealrec import OnBackbone, OnBackboneConfig, rarity
from mealrec.types import ItemFeatures, Items, prefixes_of


@dataclass(frozen=True)
class ServedContext(Context):
    """What is known of R rows before any walk.

    `fixed` [R, D + A + A] ranks too, and no walk changes it: the backbone's preference, which is
    its state and what its head compares with content, then the guidance q at its chosen strength.
    """

    fixed: Tensor


class Served:
    """A trained OnBackbone. Its preference is one vector: J kinds, then what no walk changes.

    So are its items: `identity` [N+1, D] is the backbone's ID embedding, and `title` [N+1, 2D + A +
    A + 1] all that the item's content gives with its moments: what enters the backbone, the title
    for a backbone that reads titles, what its head compares, what guidance compares, and how much
    its kinds count, see `rarity`. `bias` [N+1] holds what an item without a training click gets.
    """

    def __init__(self, system: OnBackbone):
        # A base with a walk of its own would change what is taken as fixed here.
        variant = system.base.config.variant
        if variant != "backbone":
            raise ValueError(
                f"the half with IDs must be a backbone alone to be served, got variant={variant!r}"
            )

        # Both halves, and what requests ask of a model by name.
        self.system = system
        self.walker = system.walk_over_kinds
        self.config: OnBackboneConfig = system.config
        self.table = ServedTable(system)
        self.causal = system.causal
        self.reader = self.walker.reader
        self.sphere = self.walker.sphere
        # Without it a walk has no steps over moments either.
        self.tcd = getattr(self.walker, "tcd", None)

    def items(self, features: ItemFeatures) -> Items:
        """Return what stands for every item, made once for many histories."""
        # One table of both halves, with what is added to items that nobody has clicked.
        both = self.system.items(features)
        unseen = self.system.unseen * both.unseen
        counted = rarity(self.walker.kinds.clicks)
        return joined(both.kinds, both.base.items, both.anchors, unseen, counted)

    def popularity(self, items: Items, rows: Tensor) -> Tensor:
        """Return how often items `rows` [M] are clicked, as shares of all their clicks."""
        logits = self.walker.table.popularity * torch.log1p(self.walker.kinds.clicks[rows])
        return logits.softmax(0)

    def with_looks(self, clips: Items, features: ItemFeatures, rows: Tensor) -> Items:
        """Return `clips`, the items `rows` [M], as if they looked like `features` [M].

        Each keeps its ID and its appeal.
        """
        seen = self.table.without_id(features, clips.anybody)
        seen = seen.showing(self.walker.kinds.looking(features, rows))
        # How much kinds count is no matter of looks.
        title = torch.cat([seen.title[:, :-1], clips.title[:, -1:]], 1)
        return replace(seen, identity=clips.identity, title=title, bias=clips.bias)

    def context(self, items: Items, histories: Tensor, rows: Rows | None = None) -> ServedContext:
        """Gather what is known before any walk, by default at each history's last clip."""
        rows = last_rows(histories) if rows is None else rows
        prefixes = prefixes_of(histories, rows)

        # What the backbone prefers, and where guidance points.
        base = self.system.base
        near, anchors, _ = self.table.halves(items)
        preference = base.preference(base.encode(near, histories)[rows], near, prefixes)
        towards = self.system.guidance * direction(prefixes, anchors)

        known = self.walker.context(items, histories, rows)
        return ServedContext(**vars(known), fixed=torch.cat([preference, towards], -1))

    def walk(
        self,
        context: ServedContext,
        items: Items,
        generator: torch.Generator,
        num_steps: int | None = None,
    ) -> Walk:
        """Walk both modules from t = T to 1 and return every step.

        What ranks holds what no walk changes as well.
        """
        walked = self.walker.walk(context, items, generator, num_steps)
        return replace(walked, preference=torch.cat([walked.preference, context.fixed], -1))


class ServedTable:
    """The head: a preference [R, J + D + A + A] meets items; kinds are its first J numbers."""

    def __init__(self, system: OnBackbone):
        self._system = system
        self._base = system.base
        self._anchors = system.anchors
        self._walker = system.walk_over_kinds

    @property
    def log_accident(self) -> Tensor:
        """How often a click is an accident beyond those that `wanted` counts, as a log: never."""
        return torch.full_like(self._walker.table.log_accident, float("-inf"))

    def scores(self, preference: Tensor, items: Items) -> Tensor:
        """Return the scores [R, N+1] of preferences [R, J + D + A + A].

        The same sum as OnBackbone.scores, from one vector, and guidance for watched items too.
        """
        # Take the items and the preference apart again.
        near, anchors, counted = self.halves(items)
        kinds, rest = preference.tensor_split([self._num_kinds], -1)
        base, towards = rest.tensor_split([rest.shape[-1] - anchors.shape[-1]], -1)
        # The backbone's logit, guidance, and what the walk says beyond anybody's.
        scores = self._base.table.scores(base, near) + towards @ anchors.T
        found = self._walker.table.matches(kinds, items.kinds, items.anybody)
        return scores + self._system.kinds * counted * found

    def wanted(self, preference: Tensor, anybody: Tensor) -> Tensor:
        """Return what part of the next click is for each kind [..., J]; see OnBackbone."""
        return self._system.wanted(preference[..., : self._num_kinds], anybody)

    def appeal(self, preference: Tensor) -> Tensor:
        """Return the log-appeal [..., J] of each kind."""
        return self._walker.table.appeal(preference[..., : self._num_kinds])

    def without_id(self, features: ItemFeatures, anybody: Tensor) -> Items:
        """Return M items that are known by content alone; `features` have no padding row."""
        nowhere = torch.zeros(0, dtype=torch.long, device=features.text.device)
        # Numbered behind the catalogue, so that none takes an item's ID for its own.
        base = self._base.table(features, nowhere, first=self._base.config.num_items + 1)
        kinds = self._walker.without_id(features, anybody)
        unseen = self._system.unseen.expand(len(features))
        counted = rarity(torch.zeros(len(features), device=features.text.device))
        return joined(kinds, base, self._anchors(features), unseen, counted)

    def halves(self, items: Items) -> tuple[BaseItems, Tensor, Tensor]:
        """Return the backbone's items, the anchors [M, A] that guidance compares, and ρ [M]."""
        # Where each part of the title ends, see `joined`.
        width = items.identity.shape[-1]
        end = items.title.shape[-1] - 1
        guided = end - self._anchors.width
        parts = items.title.tensor_split([width, 2 * width, guided, end], -1)
        content, text, anchor, anchors, counted = parts
        known = BaseItems(
            visual=content,
            title=torch.zeros_like(content),
            moments=items.moments[:, :0],
            identity=items.identity,
            bias=items.bias,
            text=text,
            anchor=anchor,
        )
        return known, anchors, counted.squeeze(-1)

    @property
    def _num_kinds(self) -> int:
        return self._walker.config.num_kinds


def joined(
    kinds: Items, base: BaseItems, anchors: Tensor, unseen: Tensor, counted: Tensor
) -> Items:
    """Return M items of both halves in one: see Served for what stands where."""
    content = base.visual + base.title
    title = torch.cat([content, base.text, base.anchor, anchors, counted.unsqueeze(-1)], -1)
    bias = base.bias + unseen
    return Items(kinds.moments, kinds.kinds, base.identity, title, bias, kinds.anybody)


System = MealRec | OnBackbone
Config = MealRecConfig | OnBackboneConfig
Model = MealRec | Served
"""What is trained, what shapes it, and what all requests ask."""

FORMS = {config.FORM: config for config in (MealRecConfig, OnBackboneConfig)}
"""By what a stored configuration calls its form; whoever answers needs nothing that trains."""
_BACKBONE = "backbone"


def config_of(values: Mapping) -> Config | None:
    """Rebuild a stored configuration; None where its form is not served.

    Raises TypeError on an unknown key.
    """
    form = FORMS.get(values.get("form"))
    return form.from_dict(values) if form else None


def blank_system(config: Config) -> System:
    """Return a system of this shape whose weights are still to be loaded."""
    # Its first weights are drawn; nobody else's numbers may change by it.
    with torch.random.fork_rng(devices=[]):
        return OnBackbone(config) if isinstance(config, OnBackboneConfig) else MealRec(config)


def served(system: System) -> Model:
    """Return a trained system as requests ask it."""
    return Served(system) if isinstance(system, OnBackbone) else system


def parts_of(systems: Mapping[str, System]) -> dict[str, tuple[Config, dict[str, Tensor]]]:
    """Return the configuration and weights of each system, and of the first one's backbone.

    A trained OnBackbone holds its backbone whole: with guidance and without kinds it is a system of
    its own.
    """
    # All that were trained, and the backbone that the first one stands on.
    parts = {name: (system.config, dict(system.state_dict())) for name, system in systems.items()}
    first = next(iter(systems.values()))
    if isinstance(first, OnBackbone) and _BACKBONE not in parts:
        parts[_BACKBONE] = _backbone(first)
    return parts


def _backbone(system: OnBackbone) -> tuple[OnBackboneConfig, dict[str, Tensor]]:
    # The same halves, but nothing walks: of the walk's weights only those remain that are counted.
    config = replace(system.config, walk=replace(system.config.walk, variant=_BACKBONE))
    weights = system.state_dict()
    kept = {name: weights[name] for name in blank_system(config).state_dict()}
    # Guidance keeps its strength, kinds have none.
    kept["kinds"] = torch.zeros(())
    return config, kept
