"""What all objectives are put together from: the ranking loss (Eq. 15) and the sum (Eq. 16)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.types import ItemFeatures

_OUT = -1e4  # an appeal that leaves an item out; masking the logits instead would copy them


def ranking_loss(
    table: nn.Module,
    preference: Tensor,
    items,
    targets: Tensor,
    features: ItemFeatures,
    seen: Tensor | None = None,
) -> Tensor:
    """Return the cross-entropy of `targets` [R] over all items with an ID.

    Paper: Eq. 15. Departs: clips `seen` [R, L] already may be left out.

    `table` scores its own kind of `items` [N+1]; `preference` is what it ranks by, a row for each
    target. Items without an ID are never negatives: training must not see them.
    """
    ranked = replace(items, bias=items.bias.masked_fill(~features.has_id, _OUT))
    scores = table.scores(preference, ranked)
    if seen is not None:
        own = targets[:, None]  # stays a candidate where a viewer came back to a clip
        scores = scores.scatter(1, seen, _OUT).scatter(1, own, scores.gather(1, own))
    return F.cross_entropy(scores, targets)


def weighted_sum(terms: Mapping[str, Tensor], config: object) -> Tensor | float:
    """Return the sum of the terms, each at the weight `lambda_NAME` of the configuration.

    Paper: Eq. 16, L_R + λ_T L_T + λ_N L_N. The ranking term "rank" counts once; "watch/..." are
    figures to look at and no part of the sum.
    """
    # What is only looked at does not count.
    counted = {name: term for name, term in terms.items() if not name.startswith("watch/")}
    return sum(getattr(config, f"lambda_{name}", 1.0) * term for name, term in counted.items())
