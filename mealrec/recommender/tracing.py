"""From a batch of walks to each question's answer: its ranking, what speaks for it, every step.

Letters: B questions, M sets of hidden frames, S steps that rank, C candidates, L history items,
K frames, J kinds, N items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mealrec.bundle.contents import TITLE_SEGMENTS, BundleContents
from mealrec.explain.evidence import agreement, all_but, influence, interest
from mealrec.explain.trace import (
    HistoryItem,
    LastClip,
    Moment,
    NPDStep,
    RankedItem,
    Recommendation,
    TCDStep,
    UploadStanding,
    named,
)
from mealrec.explain.walks import Walks, as_sure
from mealrec.features.text import split_title
from mealrec.ranking.metrics import ORDER, Ranking, ranks_of
from mealrec.recommender.batching import Clock
from mealrec.recommender.history import Asked, History


@dataclass(frozen=True)
class Figures:
    """What the walks say of the last items' frames [B, K], rows [B, M] and items [B, L]."""

    interest: np.ndarray
    influence: np.ndarray
    agreement: np.ndarray

    @classmethod
    def of(cls, walks: Walks, asked: Sequence[Asked]) -> Figures:
        """Work them out for a whole batch."""
        anybody = asked[0].history.variant.anybody
        return cls(
            interest=_numpy(interest(walks, anybody)),
            influence=_numpy(influence(walks)),
            agreement=_numpy(agreement(walks, anybody)),
        )


def recommendation(
    asked: Asked, walks: Walks, row: int, figures: Figures, contents: BundleContents, clock: Clock
) -> Recommendation:
    """Return the answer to one question, which is history `row` of the batch that was walked."""
    question = asked.question
    variant = asked.history.variant
    walk = walks.walk
    first = row * walks.hidden.shape[1]  # a history's rows lie together
    count = len(asked.history.walked)
    preference = walks.preferences[row, 0]

    # The ranking is the end of the walk.
    ranking = _ranking_by_step(walks, row)
    scores = walks.ends[row, 0]
    items = ranked_items(ranking.top(question.k), scores, preference, asked.history, contents)
    uploads = _standings(asked.history, scores, preference)
    clock.lap("rank")

    # What speaks for the moments of the last item.
    last = _last_clip(asked, walks, row, figures, contents)
    clock.lap("explain")

    # Every step that led there.
    start = walk.context.start[first]
    both = torch.stack([preference[: len(start)], start])
    wanted, wanted_at_start = _numpy(variant.model.table.wanted(both, variant.items.anybody))
    watched_for = _numpy(walk.wanted[first, :count])
    history = _history(asked.history, watched_for, figures.agreement[row, :count])
    tcd = _tcd_steps(walks, first, count - 1)
    npd = _npd_steps(walks, first, ranking, question.k, variant.items.anybody, contents)
    clock.lap("trace")
    return Recommendation(
        items=items,
        history=history,
        last=last,
        tcd=tcd,
        npd=npd,
        kinds=contents.kinds,
        wanted=wanted,
        start=wanted_at_start,
        anybody=_numpy(variant.anybody.wanted),
        uploads=uploads,
        timing_ms=clock.report(),
        bundle=contents.name,
        variant=question.variant,
        seed=question.seed,
        hidden=question.hidden,
        noise=question.noise,
        num_steps=question.num_steps or variant.model.config.num_steps,
    )


def _ranking_by_step(walks: Walks, row: int) -> Ranking:
    """Rank at each of NPD's steps, or at the walk's only end.

    The last step's scores are the end's own, so that the trace and the list agree.
    """
    scores = walks.ends[row, :1]
    earlier = walks.walk.npd[:-1]
    if earlier:
        first = row * walks.hidden.shape[1]
        clean = torch.stack([step.x0_hat[first] for step in earlier])
        # What ranks with the kinds stays over the walk.
        rest = walks.preferences[row, 0, clean.shape[1] :]
        preferences = torch.cat([clean, rest.expand(len(clean), -1)], 1)
        scores = torch.cat([walks.model.table.scores(preferences, walks.ranked), scores])
    return Ranking.of(_numpy(scores), _numpy(walks.candidates[row]))


def ranked_items(
    rows: np.ndarray,
    scores: Tensor,
    preference: Tensor,
    history: History,
    contents: BundleContents,
) -> tuple[RankedItem, ...]:
    """Return the items at the rows that rank first, in order, by scores [N+1] of a preference."""
    variant = history.variant
    places = torch.from_numpy(rows).to(scores.device)
    items = variant.items.rows(places)

    # An item ranks most through the kind of which its share times its appeal is the largest.
    kinds = (items.kinds.log() + variant.model.table.appeal(preference)).argmax(-1)
    # And the frame that shows the most of it stands for the item.
    index = kinds[:, None, None].expand(-1, items.moments.shape[1], 1)
    frames = items.moments.gather(2, index).squeeze(2).argmax(1)

    found = []
    values = zip(rows, scores[places].tolist(), kinds.tolist(), frames.tolist(), strict=True)
    for rank, (row, score, kind, frame) in enumerate(values, start=1):
        item = contents.catalogue[row - 1]
        title = named(item.title, item.item_id)
        found.append(RankedItem(item.item_id, title, item.topic, score, rank, kind, frame))
    return tuple(found)


def _standings(history: History, scores: Tensor, preference: Tensor) -> tuple[UploadStanding, ...]:
    """Rank each upload among the whole catalogue and itself, by the end's preference.

    `scores` [N+1] are those of the candidates; the watched items of the catalogue count as well.
    """
    # Whatever is neither an upload nor padding is a rival, watched or not.
    num_items = history.variant.num_items
    is_upload = torch.tensor([row > num_items for row in history.rows], device=scores.device)
    if not is_upload.any():
        return ()
    own = history.variant.model.table.scores(preference[None], history.clips)[0]
    rivals = torch.cat([scores, own[~is_upload]])

    # An upload is put before its rivals: of equal scores its own stands first.
    uploads = own[is_upload]
    among = torch.cat([uploads[:, None], rivals.expand(len(uploads), -1)], 1)
    ranks = ranks_of(_numpy(among), np.zeros(len(uploads), int), ORDER)
    items = [item for item, row in zip(history.items, history.rows, strict=True) if row > num_items]
    return tuple(
        UploadStanding(item.item_id, int(rank), num_items + 1)
        for item, rank in zip(items, ranks, strict=True)
    )


def _history(
    history: History, watched_for: np.ndarray, agrees: np.ndarray
) -> tuple[HistoryItem, ...]:
    """Return the history's items.

    `watched_for` [L, J] and `agrees` [L] are of those that the model sees; older ones have no
    weight.
    """
    # The latest items are those that the model sees.
    unseen = len(history.items) - len(watched_for)
    weights = [0.0] * unseen + history.variant.weights(len(watched_for))
    fits = [0.0] * unseen + agrees.tolist()
    wanted = np.pad(watched_for, ((unseen, 0), (0, 0)))
    found = []
    for item, *values in zip(history.items, weights, fits, wanted, strict=True):
        found.append(HistoryItem(item.item_id, item.title, item.topic, *values))
    return tuple(found)


def _last_clip(
    asked: Asked, walks: Walks, row: int, figures: Figures, contents: BundleContents
) -> LastClip:
    """Return what a history's walks say of its last item's moments and frames."""
    # The item, its frames, and what was measured of them.
    k = asked.question.k
    last = asked.history.items[-1]
    times_s = _times_of_last(asked, contents)
    shares = _numpy(asked.history.walked.moments[-1])
    num_frames = len(shares)
    evidence = figures.interest[row]
    falls = figures.influence[row]

    # Where the first recommendation stands in each row, and which are the first k.
    ranking = Ranking.of(_numpy(walks.ends[row]), _numpy(walks.candidates[row]))
    ranks = ranking.ranks_of(int(walks.top[row]))
    before = set(ranking.top(k, 0))

    # Each moment hidden, and each shown alone.
    moments = []
    all_hidden = asked.row_of(range(num_frames))
    for frames in asked.moments:
        at = list(frames)
        hidden = asked.row_of(frames)
        shown_alone = asked.row_of(all_but(asked.moments, frames))
        kind = int(shares[at[0]].argmax())
        moments.append(
            Moment(
                frames=frames,
                kind=kind,
                share=float(shares[at, kind].mean()),
                interest=float(np.log(np.exp(evidence[at]).mean())),
                influence=float(falls[hidden]),
                # The mean of what it takes away and of what it gives back.
                worth=float(falls[hidden] + falls[all_hidden] - falls[shown_alone]) / 2,
                rank_without=int(ranks[hidden]),
                kept=len(before & set(ranking.top(k, hidden))),
            )
        )

    # Each frame hidden; where there are no pictures a frame is a segment of the title.
    segments = ()
    if contents.frames_from == TITLE_SEGMENTS:
        segments = tuple(split_title(last.title, num_frames) or [""] * num_frames)
    each_frame = [asked.row_of((frame,)) for frame in range(num_frames)]
    return LastClip(
        item_id=last.item_id,
        times_s=times_s,
        shares=shares,
        interest=evidence,
        influence=falls[each_frame],
        rank_without=ranks[each_frame],
        moments=tuple(moments),
        segments=segments,
    )


def _times_of_last(asked: Asked, contents: BundleContents) -> np.ndarray:
    """Return when the frames of the last item are [K], in seconds."""
    known = contents.times_s.numpy()
    for upload in asked.question.uploads:
        if upload.upload_id == asked.question.history[-1]:
            return upload.times_s.astype(known.dtype)
    return known[asked.history.rows[-1]]


def _tcd_steps(walks: Walks, row: int, place: int) -> tuple[TCDStep, ...]:
    """Return TCD's trace over one item: that at a `place` of a row, or the row's only one."""
    steps = walks.walk.tcd
    if not steps:
        return ()
    # Every step's tensors at this item, and how far each frame is from where it ends.
    place = min(place, steps[0].zt.shape[1] - 1)
    latents = torch.stack([step.zt[row, place] for step in steps])
    shares = torch.stack([step.shares[row, place] for step in steps])
    attention = torch.stack([step.attention[row, place] for step in steps])
    end = walks.model.tcd.encode(shares[-1])
    distance = (latents - end).norm(dim=-1)

    columns = [_numpy(values) for values in (latents, shares, attention, distance)]
    return tuple(
        TCDStep(step.diffusion_step, *values) for step, *values in zip(steps, *columns, strict=True)
    )


def _npd_steps(
    walks: Walks, row: int, ranking: Ranking, k: int, anybody: Tensor, contents: BundleContents
) -> tuple[NPDStep, ...]:
    """Return NPD's trace for one row of a walk; `ranking` is that of its S clean preferences.

    Cosine and distance are to the walk's end on x_t's own scale, at unit variance.
    """
    steps = walks.walk.npd
    if not steps:
        return ()
    # x_t and x̂_0 of every step, both as what they want of the kinds.
    noisy = torch.stack([step.xt[row] for step in steps])
    clean = torch.stack([step.x0_hat[row] for step in steps])
    shares = walks.model.table.wanted(torch.cat([clean, as_sure(noisy, clean)]), anybody)
    wanted, noisy_wanted = _numpy(shares).reshape(2, len(steps), -1)

    # How near x_t is to the end.
    end = walks.model.sphere(clean[-1:])
    cosine = F.cosine_similarity(noisy, end, dim=-1).tolist()
    distance = (noisy - end).norm(dim=-1).tolist()

    # Together with what each step would have recommended.
    preference = _numpy(noisy)
    x0_hat = _numpy(clean)
    final_ranks = ranking.final_ranks(k)
    found = []
    for index, step in enumerate(steps):
        top = [contents.catalogue[row - 1].item_id for row in ranking.top(k, index)]
        found.append(
            NPDStep(
                diffusion_step=step.diffusion_step,
                preference=preference[index],
                clean=x0_hat[index],
                wanted=wanted[index],
                noisy_wanted=noisy_wanted[index],
                cosine=cosine[index],
                distance=distance[index],
                top_item_ids=tuple(top),
                final_ranks=final_ranks[index],
            )
        )
    return tuple(found)


def _numpy(values: Tensor) -> np.ndarray:
    return values.cpu().numpy()
