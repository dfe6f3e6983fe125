"""The figures show the run's own numbers, and the readings say what these numbers say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.plots import distance, kind_map, kinds, moments, npd_walk, rank_bump, style, tcd_walk
from app.plots.style import RankScale
from tests.plots.invented import invented_map, invented_run, named


def _answers(trace, interest, influence, ranks=(1, 1, 1)):
    """Return the run with these answers for its three moments."""
    answers = zip(trace.last.moments, interest, influence, ranks, strict=True)
    told = tuple(
        replace(moment, interest=one, influence=other, worth=other, rank_without=rank)
        for moment, one, other, rank in answers
    )
    return replace(trace, last=replace(trace.last, moments=told))


def test_moments_bars_are_the_two_answers():
    trace = _answers(invented_run(), [1.0, -0.5, 0.0], [0.5, 0.0, -0.1], (3, 1, 1))
    figure = moments.figure(trace)
    assert named(figure, "interest")["y"] == [1.0, -0.5, 0.0]
    assert named(figure, "interest, in words")["text"] == ["×2.7", "×0.6", "×1.0"]
    np.testing.assert_allclose(named(figure, "drive")["y"], -np.expm1([-0.5, 0.0, 0.1]), atol=1e-4)
    assert named(figure, "drive, in words")["text"] == ["−39%<br>#1→3", "±0%", "+11%"]


@pytest.mark.parametrize(("axis", "name"), [("yaxis2", "interest"), ("yaxis3", "drive")])
def test_next_to_nothing_does_not_look_like_much(axis, name):
    figure = moments.figure(_answers(invented_run(), [0.002, 0.001, -0.001], [0.0004, 0.0, -0.0002]))
    low, high = figure["layout"][axis]["range"]
    assert max(map(abs, named(figure, name)["y"])) < 0.01 * (high - low)


def test_moments_bars_stand_under_their_frames_and_brackets():
    trace = invented_run()
    figure = moments.figure(trace)
    assert [moment.frames for moment in trace.last.moments] == [(0, 1), (2, 3), (4,)]
    assert named(figure, "drive")["x"] == [0.5, 2.5, 4.0]
    strokes = [shape for shape in figure["layout"]["shapes"] if shape["type"] == "line"]
    assert [(stroke["x0"], stroke["x1"]) for stroke in strokes] == [(-0.45, 1.45), (1.55, 3.45), (3.55, 4.45)]
    names = [note["text"] for note in figure["layout"]["annotations"][2:]]
    assert names == [f"<b>{trace.kinds[moment.kind].name}</b>" for moment in trace.last.moments]


def test_each_frames_bars_add_up_to_all_of_it():
    trace = invented_run(frames=10)
    bars = [drawn for drawn in moments.figure(trace)["data"] if drawn["type"] == "bar" and "yaxis" not in drawn]
    np.testing.assert_allclose(np.sum([bar["y"] for bar in bars], axis=0), 1, atol=1e-3)


def test_thumbnails_stand_over_their_bars_and_hidden_ones_are_faint():
    images = moments.figure(replace(invented_run(), hidden=(1,)), thumbnails=["data:a", "data:b"])["layout"]["images"]
    assert [(image["x"], image["source"], image["opacity"]) for image in images] == [
        (0, "data:a", 1),
        (1, "data:b", 0.25),
    ]


def test_moments_reading_names_both_moments():
    trace = invented_run()
    first, second, third = [trace.kinds[moment.kind].name for moment in trace.last.moments]
    apart = _answers(trace, [1.0, 0.2, 0.1], [0.1, 0.2, 0.5], (1, 1, 4))
    assert moments.reading(apart) == (
        f"Frames 1–2 (“{first}”) fit your interest best, 2.7 times as likely as for anybody, while hiding frame 5 "
        f"(“{third}”) would cost the top clip 39% of its chance and move it to rank 4."
    )
    same = _answers(trace, [0.1, 1.0, 0.2], [0.1, 0.7, 0.1])
    assert moments.reading(same).endswith("and hiding them would cost the top clip 50% of its chance.")
    none = _answers(trace, [-0.1, -0.2, -0.3], [-0.1, 0.0, -0.2])
    assert moments.reading(none) == (
        f"No moment speaks for you more than for anybody, frames 1–2 (“{first}”) still the most; hiding any one moment "
        "would hardly lower the top clip’s chance."
    )
    assert second in moments.reading(same)


def test_a_moment_that_costs_next_to_nothing_drove_nothing_unless_the_first_clip_falls():
    little = [0.0004, 0.0, -0.2]
    assert moments.reading(_answers(invented_run(), [1.0, 0.2, 0.1], little)).endswith(
        "would hardly lower the top clip’s chance."
    )
    fallen = moments.reading(_answers(invented_run(), [1.0, 0.2, 0.1], little, (2, 1, 1)))
    assert fallen.endswith("would cost the top clip <0.1% of its chance and move it to rank 2.")


def test_segments_stand_above_their_bars_once_each():
    texts = ("rain", "rain", "a <b> b", "sea", "end")
    trace = invented_run(segments=texts)
    figure = moments.figure(trace)
    lines = [note["text"] for note in figure["layout"]["annotations"][5:]]
    assert lines == ["<b>1–2</b>  rain", "<b>3</b>  a &lt;b&gt; b", "<b>4</b>  sea", "<b>5</b>  end"]
    assert not figure["layout"]["images"]
    assert moments.reading(trace).startswith("Title segments 1–2 (“")


def test_tcd_streams_are_as_thick_as_their_frame_counts():
    trace = invented_run()
    figure = tcd_walk.figure(trace)
    attention = np.stack([step.attention for step in trace.tcd])
    rest = named(figure, "other")
    runs = np.array([y for y in rest["y"] if y is not None])
    count = len(trace.last.shares)

    # The lower edge of every stream, which runs back from the end.
    ends = runs.reshape(count, 2, len(trace.tcd) + 2)[:, 1, ::-1][:, 1:-1].T
    thickness = 2 * (ends - np.arange(count))
    np.testing.assert_allclose(thickness, 0.4 + 0.52 * attention / attention.max(), atol=1e-3)


def test_tcd_streams_widths_are_the_steps_shares():
    trace = invented_run()
    figure = tcd_walk.figure(trace)
    kind = trace.last.moments[0].kind
    steps = len(trace.tcd)
    first = np.array(named(figure, trace.kinds[kind].name)["y"][: 2 * steps + 4], dtype=float)
    widths = (first[steps + 2 :][::-1] - first[: steps + 2])[1:-1]
    attention = np.stack([step.attention for step in trace.tcd])
    shares = np.array([step.shares[0, kind] for step in trace.tcd])
    np.testing.assert_allclose(widths, shares * (0.4 + 0.52 * attention[:, 0] / attention.max()), atol=1e-3)


def test_tcd_words_name_each_steps_largest_kind():
    trace = invented_run()
    for step, frame in zip(trace.tcd, tcd_walk.figure(trace)["frames"], strict=True):
        for words, shares, attention in zip(frame["data"][-1]["text"], step.shares, step.attention, strict=True):
            assert words.startswith(f"  <b>{style.safe(trace.kinds[shares.argmax()].name, 14)}</b>")
            assert words.endswith(f"{style.percent(shares.max())} · counts {style.percent(attention)}")


def test_tcd_reading_tells_since_when_kinds_are_settled():
    trace = invented_run(steps=3, frames=2)
    shares = np.full((2, 48), 0.01)
    shares[0, 5] = 0.53
    shares[1, 9] = 0.53
    tcd = tuple(
        replace(step, shares=shares[::-1] if number == 0 else shares, attention=np.array([0.2, 0.8]))
        for number, step in enumerate(trace.tcd)
    )
    assert tcd_walk.reading(replace(trace, tcd=tcd)) == (
        f"The frames settle into 2 kinds: each keeps its own from step 2 of 3 on; frame 2 (“{trace.kinds[9].name}”) "
        "counts most, for 80% of what the clip says."
    )


def test_npd_bars_are_each_steps_noisy_shares_in_the_order_of_the_end():
    trace = invented_run()
    rows = kinds.racing(trace)
    states = kinds.states(trace)
    assert rows[0] == trace.wanted.argmax()
    assert list(trace.wanted[rows]) == sorted(trace.wanted[rows], reverse=True)
    figure = npd_walk.figure(trace)
    assert figure["layout"]["yaxis"]["ticktext"] == [trace.kinds[kind].name for kind in rows]
    assert len(figure["frames"]) == len(trace.npd) + 1
    reach = figure["layout"]["xaxis"]["range"][1]
    for shares, step, frame in zip(states, [*trace.npd, trace.npd[-1]], figure["frames"], strict=True):
        bars, rings, _ = frame["data"]
        np.testing.assert_allclose(bars["x"], shares[rows].clip(max=reach), atol=1e-4)
        assert rings["text"] == [style.percent(share) for share in step.wanted[rows]]
    np.testing.assert_allclose(figure["frames"][-1]["data"][0]["x"], trace.wanted[rows], atol=1e-4)
    anybody = [x for x in named(figure, "anybody")["x"] if x is not None]
    np.testing.assert_allclose(anybody[::2], trace.anybody[rows], atol=1e-4)


def test_npd_faces_stand_in_their_kinds_rows():
    trace = invented_run()
    rows = kinds.racing(trace)
    images = npd_walk.figure(trace, faces={rows[2]: "data:a", -1: "data:b"})["layout"]["images"]
    assert [(image["source"], image["y"]) for image in images] == [("data:a", 2)]


def test_npd_reading_tells_what_led_in_the_noise_and_what_came_to_the_front():
    trace = invented_run(steps=3)
    shares = np.full((3, 48), 0.01)
    shares[0, 2] = 0.3
    shares[:, 5] = (0.04, 0.2, 0.5)
    npd = tuple(replace(step, noisy_wanted=row) for step, row in zip(trace.npd, shares, strict=True))
    first = trace.kinds[5].name
    noise = trace.kinds[2].name
    read = npd_walk.reading(replace(trace, npd=npd, wanted=shares[-1], anybody=np.full(48, 0.02)))
    assert read == (
        f"In the noise “{noise}” leads; from step 2 of 3 on it is “{first}”, with 50% of your next click at last; "
        "for anybody it is 2%."
    )
    still = tuple(replace(step, noisy_wanted=shares[-1]) for step in npd)
    read = npd_walk.reading(replace(trace, npd=still, wanted=shares[-1], anybody=np.full(48, 0.02)))
    assert read == f"“{first}” led in the noise already and ends at 50% of your next click; for anybody it is 2%."


def test_one_kind_has_one_colour_in_every_chart_of_a_run():
    trace = invented_run()
    colours = kinds.colours_of(trace)
    rows = kinds.racing(trace)
    assert len({colours[kind] for kind in rows}) == len(rows)
    bars = npd_walk.figure(trace)["data"][1]["marker"]["color"]
    assert bars == [colours[kind] for kind in rows]
    assert named(moments.figure(trace), "drive")["marker"]["color"] == [colours[m.kind] for m in trace.last.moments]
    assert kind_map.figure(invented_map(), trace)["data"][0]["marker"]["color"] == colours
    assert named(rank_bump.figure(trace), "number 1")["line"]["color"] == colours[trace.items[0].kind]


def test_a_kind_keeps_its_own_colour_unless_a_weightier_one_has_it():
    weights = np.zeros(32)
    assert kinds.colours(weights)[:16] == kinds.colours(np.arange(32)[::-1])[:16]
    weights[[1, 17]] = 1, 2  # both would have the same
    colours = kinds.colours(weights)
    assert colours[17] == kinds.colours(np.zeros(32))[17]
    assert colours[1] != colours[17]


@pytest.mark.parametrize(
    ("share", "words"), [(0, "0%"), (0.0004, "<0.1%"), (0.004, "0.4%"), (0.0097, "1%"), (0.126, "13%"), (1, "100%")]
)
def test_a_share_in_percent(share, words):
    assert style.percent(share) == words


def test_distances_are_shares_of_the_first_next_to_the_raw_ones():
    trace = invented_run()
    frames = named(distance.figure(trace), "frames (TCD)")
    raw = [*(step.distance.mean() for step in trace.tcd), 0.0]
    np.testing.assert_allclose(frames["customdata"], raw)
    np.testing.assert_allclose(frames["y"], 100 * np.array(raw) / raw[0])


def test_bump_lines_are_the_final_clips_ranks():
    trace = invented_run()
    figure = rank_bump.figure(trace)
    for column, item in enumerate(trace.items):
        line = named(figure, f"number {item.rank}")
        assert [entry[1] for entry in line["customdata"]] == [int(step.final_ranks[column]) for step in trace.npd]
        assert line["y"][-1] == item.rank


def test_bump_reading_tells_start_and_lead():
    trace = invented_run(steps=5, top_k=2)
    ranks = [(40, 90), (3, 9), (1, 2), (1, 2), (1, 2)]
    npd = tuple(replace(step, final_ranks=np.array(rank)) for step, rank in zip(trace.npd, ranks, strict=True))
    assert rank_bump.reading(replace(trace, npd=npd)) == (
        f"“{trace.items[0].title}” began at rank 40 and has led since step 3 of 5; number 2 climbed most, from rank 90."
    )


@pytest.mark.parametrize("gap", [0.0, 0.9])
@pytest.mark.parametrize(("top", "deepest"), [(1, 1), (1, 320), (10, 10), (10, 11), (10, 320), (20, 20000)])
def test_rank_scale_is_monotone_and_exact_at_the_top(top, deepest, gap):
    scale = RankScale(top, deepest, gap, strip=1.6)
    heights = [scale.height(rank) for rank in range(1, deepest + 1)]
    assert heights[:top] == list(range(1, top + 1))
    assert all(low < high for low, high in zip(heights, heights[1:], strict=False))
    assert heights[-1] == pytest.approx(scale.depth)
    assert all(height > top + gap - 1e-9 for height in heights[top:])


def test_few_deep_ranks_are_labelled():
    for form in ({}, {"items": 9000}, {"top_k": 1}, {"top_k": 20}):
        axis = rank_bump.figure(invented_run(**form))["layout"]["yaxis"]
        assert axis["ticktext"][0] == "1"
        assert len(axis["ticktext"]) <= 14
        assert axis["tickvals"] == sorted(axis["tickvals"])


def test_safe_text_is_cut_before_it_is_escaped():
    assert style.safe("<b>" + "x" * 50, limit=5) == "&lt;b&gt;x…"
