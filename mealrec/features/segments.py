"""Title segments: what stands in for frames where no pixels can be had."""

from __future__ import annotations


def split_title(title: str, num_segments: int) -> list[str]:
    """Split a title at its hashtags into exactly `num_segments` K texts, in their order; an empty
    title gives none.

    Pieces beyond the K-th join the last one. Fewer than K are held longer, as a slow cut would be:
    slot k shows piece floor(k * pieces / K), so that two pieces a, b fill five slots as a a a b b.
    """
    pieces = [piece for part in title.split("#") if (piece := " ".join(part.split()))]
    if not pieces:  # nothing but hash signs is still a title
        pieces = [title.strip()] if title.strip() else []
    if len(pieces) > num_segments:
        pieces = [*pieces[: num_segments - 1], " ".join(pieces[num_segments - 1 :])]
    return (
        [pieces[slot * len(pieces) // num_segments] for slot in range(num_segments)]
        if pieces
        else []
    )
