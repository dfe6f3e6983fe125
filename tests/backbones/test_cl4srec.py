"""CL4SRec: what the three disturbances keep, and which column is the positive."""

from __future__ import annotations

import pytest
import torch

from mealrec.backbones import base
from mealrec.backbones.cl4srec import CROP, MASK, REORDER, CL4SRecConfig, contrast, disturb, nt_xent, two_kinds

WIDTH, LONGEST = 16, 10


def histories():
    """One row of every length from 1 to ten, of items that never repeat."""
    steps = torch.arange(LONGEST)
    return torch.where(steps <= steps[:, None], 10 * steps[:, None] + steps + 1, 0)


def views_of(kind, seed, **changes):
    items = histories()
    torch.manual_seed(seed)
    views = disturb(items, torch.full((LONGEST,), kind), CL4SRecConfig(**changes))
    shown = items.gather(1, views.source) * views.present
    for row, present in zip(shown, views.present, strict=True):
        assert (row > 0).tolist() == present.tolist() == sorted(present.tolist(), reverse=True)
    return [row[row > 0].tolist() for row in items], [row[row > 0].tolist() for row in shown], views.masked


@pytest.mark.parametrize("seed", range(20))
def test_a_crop_keeps_a_piece_in_order(seed):
    rows, shown, masked = views_of(CROP, seed)
    for row, piece in zip(rows, shown, strict=True):
        start = row.index(piece[0])
        assert piece == row[start : start + len(piece)]
        assert len(piece) == max(1, int(0.6 * len(row)))
    assert not masked.any()


def test_a_crop_starts_everywhere():
    starts = {views_of(CROP, seed)[1][-1][0] - 91 for seed in range(60)}
    assert starts == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("seed", range(20))
def test_a_reordering_keeps_the_items_and_moves_one_window_at_most(seed):
    rows, shown, masked = views_of(REORDER, seed)
    assert not masked.any() and shown != rows
    for row, other in zip(rows, shown, strict=True):
        assert sorted(other) == row
        moved = [place for place, pair in enumerate(zip(row, other, strict=True)) if pair[0] != pair[1]]
        assert not moved or moved[-1] - moved[0] < int(0.6 * len(row))


@pytest.mark.parametrize("seed", range(20))
def test_a_mask_hides_its_share_of_the_items_and_no_pad(seed):
    rows, shown, masked = views_of(MASK, seed)
    assert shown == rows
    assert masked.sum(1).tolist() == [int(0.3 * len(row)) for row in rows]
    assert not masked[histories() == 0].any()


def test_a_share_of_all_masks_every_item_and_crops_none():
    assert torch.equal(views_of(MASK, 0, mask=1.0)[2], histories() > 0)
    rows, shown, _ = views_of(CROP, 0, crop=1.0)
    assert shown == rows


def test_both_views_differ_in_kind_and_every_pair_is_drawn():
    torch.manual_seed(0)
    kinds = two_kinds(300, torch.device("cpu")).view(2, -1)
    assert set(map(tuple, kinds.T.tolist())) == {(a, b) for a in range(3) for b in range(3) if a != b}


def test_the_label_is_the_column_of_the_other_view():
    states = torch.eye(3, 8).repeat(2, 1) * 20
    logits, labels = contrast(states, 1.0)
    assert labels.tolist() == [3, 4, 5, 0, 1, 2]
    assert logits.argmax(1).tolist() == labels.tolist()
    assert logits.diagonal().isneginf().all()
    assert nt_xent(states, 1.0) < 1e-6
    assert nt_xent(states[[0, 1, 2, 4, 5, 3]], 1.0) > 10


def test_the_loss_is_the_mean_of_log_shares():
    states = torch.randn(6, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = 0.0
    for row in range(6):
        shares = {other: torch.exp(states[row] @ states[other] / 2) for other in range(6) if other != row}
        expected -= torch.log(shares[(row + 3) % 6] / sum(shares.values())) / 6
    torch.testing.assert_close(nt_xent(states, 2.0), expected)


def make(**changes):
    torch.manual_seed(0)
    return base.build("cl4srec", WIDTH, **changes)


def loss_of(encoder, items, seed=0):
    table = torch.randn(101, WIDTH, generator=torch.Generator().manual_seed(1))
    torch.manual_seed(seed)
    return encoder.extra_loss(table[items], items)


def test_the_weight_scales_the_loss_and_a_seed_fixes_it():
    first, again, double = (loss_of(make(weight=w).eval(), histories()) for w in (0.1, 0.1, 0.2))
    assert torch.equal(first, again)
    torch.testing.assert_close(2 * first, double)
    assert loss_of(make().eval(), histories(), seed=1) != first


def test_rows_without_an_item_are_left_out_and_one_row_alone_costs_nothing():
    items, encoder = histories(), make().eval()
    with_empty = torch.cat([items[:4], torch.zeros(3, LONGEST, dtype=torch.long), items[4:]])
    torch.testing.assert_close(loss_of(encoder, with_empty), loss_of(encoder, items))
    assert loss_of(encoder, items[:1]) == 0 and loss_of(encoder, torch.zeros_like(items)) == 0
    assert loss_of(encoder, items[:2]).isfinite()


def test_the_mask_token_stands_where_an_item_is_hidden(monkeypatch):
    encoder, seen = make(mask=1.0).eval(), {}

    def encode(tokens, items, text=None):
        seen.update(tokens=tokens, items=items)
        return tokens

    monkeypatch.setattr(encoder, "encode", encode)
    items = histories()
    table = torch.randn(101, WIDTH, generator=torch.Generator().manual_seed(1))
    torch.manual_seed(0)
    encoder.extra_loss(table[items], items)
    hidden = (seen["tokens"] == encoder.mask_token).all(-1)
    torch.manual_seed(0)
    kinds = two_kinds(LONGEST, torch.device("cpu"))
    assert torch.equal(hidden, (seen["items"] > 0) & (kinds == MASK)[:, None])
    shown = seen["tokens"][~hidden & (seen["items"] > 0)]
    torch.testing.assert_close(shown, table[seen["items"][~hidden & (seen["items"] > 0)]])


def test_its_loss_draws_both_views_together():
    """Trained on it alone, the encoder tells whose history a view shows."""
    encoder, items = make(dropout=0.0, weight=1.0, temperature=1.0), histories()[4:]
    optimizer = torch.optim.Adam(encoder.parameters(), lr=3e-3)
    before = sum(loss_of(encoder, items, seed) for seed in range(100, 110)).item()
    for seed in range(40):
        optimizer.zero_grad()
        loss_of(encoder, items, seed).backward()
        optimizer.step()
    after = sum(loss_of(encoder, items, seed) for seed in range(100, 110)).item()
    assert after < 0.5 * before


def test_its_states_are_sasrecs():
    encoder, plain = make().eval(), base.build("sasrec", WIDTH).eval()
    weights = {name: tensor for name, tensor in encoder.state_dict().items() if name != "mask_token"}
    plain.load_state_dict(weights)
    inputs = torch.randn(10, LONGEST, WIDTH, generator=torch.Generator().manual_seed(1))
    assert torch.equal(encoder.encode(inputs, histories()), plain.encode(inputs, histories()))
