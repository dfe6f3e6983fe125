"""A title as K segments: the stand-in for frames where no pixels can be had."""

from __future__ import annotations


def split_title(title: str, num_segments: int) -> list[str]:
    """Return `num_segments` segments of a title: split at its hashtags, then in halves, the longest first.

    A title with too few words repeats its last segment; one with too many hashtags joins the last ones.
    """
    parts = [part.strip() for part in title.split("#") if part.strip()] or [title.strip()]
    while len(parts) < num_segments:
        longest = max(range(len(parts)), key=lambda place: len(parts[place].split()))
        words = parts[longest].split()
        if len(words) < 2:
            break
        half = (len(words) + 1) // 2
        parts[longest : longest + 1] = [" ".join(words[:half]), " ".join(words[half:])]
    if len(parts) > num_segments:
        parts[num_segments - 1 :] = [" ".join(parts[num_segments - 1 :])]
    return parts + parts[-1:] * (num_segments - len(parts))
