"""Claims of DSANet in small."""

from typing import Any

import pytest
import torch

from vfal.nn.dual_enhancement import DualEnhancement
from vfal.nn.self_attention import MapAttention

from .small_models import batch_of, features, make

PEOPLE = [*range(8)]


def maps_of(width: int) -> Any:
    """The model on features that are taken for maps of 8 rows."""
    return make("dual_enhanced", widths={"voice": width, "face": width})


def enhancement(blocks: str = "uniform") -> DualEnhancement:
    return DualEnhancement(grid=4, blocks=blocks, suppress=0.9, enhance=1.0)  # type: ignore[arg-type]


def test_the_blocks_tile_the_features() -> None:
    masks = enhancement().block_masks(torch.arange(16), 32, 144)
    assert masks.sum(dim=0).unique().tolist() == [1]
    assert masks.sum(dim=(1, 2)).tolist() == [8 * 36] * 16


def test_the_released_blocks_leave_seven_of_sixteen_empty_and_never_draw_the_last_two() -> None:
    official = enhancement("official")
    masks = official.block_masks(torch.arange(16), 32, 144)
    empty = [block for block in range(16) if not masks[block].any()]
    assert empty == [3, 7, 11, 12, 13, 14, 15]
    assert (official.chances / official.chances.sum() * 16).tolist() == [3] + [1] * 13 + [0, 0]


def test_one_block_is_lessened_and_raised_where_it_is_above_the_mean() -> None:
    torch.manual_seed(2)
    features = torch.rand(50, 8, 16)
    less, more = enhancement()(features)
    peaks = more - features
    changed = peaks != 0
    torch.testing.assert_close(peaks[changed], features[changed])
    torch.testing.assert_close((features - less)[changed], 0.9 * features[changed])
    assert torch.equal(less[~changed], features[~changed])
    for item, mask in zip(features, changed, strict=True):
        assert (item[mask] > item.mean()).all()
        rows, places = torch.nonzero(mask, as_tuple=True)
        assert len({*(rows // 2).tolist()}) <= 1 and len({*(places // 4).tolist()}) <= 1  # a block of 2 x 4


def test_attention_adds_nothing_before_its_factor_has_moved() -> None:
    attention, maps = MapAttention(8), torch.randn(2, 8, 4, 4)
    assert torch.equal(attention(maps), maps)
    with torch.no_grad():
        attention.gamma.fill_(1.0)
    assert not torch.allclose(attention(maps), maps)


def test_attention_is_the_plain_loop() -> None:
    attention, maps = MapAttention(8).eval(), torch.randn(1, 8, 4, 4)
    with torch.no_grad():
        attention.gamma.fill_(0.5)
        found = attention(maps)
        queries, values = attention.queries(maps)[0], attention.values(maps)[0]
        keys = attention.keys(maps)[0]
        small = [(slice(2 * i, 2 * i + 2), slice(2 * j, 2 * j + 2)) for i in range(2) for j in range(2)]
        for i in range(4):
            for j in range(4):
                scores = [
                    float(queries[:, i, j] @ keys[(slice(None), *one)].amax(dim=(1, 2))) for one in small
                ]
                weight = torch.tensor(scores).softmax(0)
                seen = sum(
                    w * values[(slice(None), *one)].amax(dim=(1, 2))
                    for w, one in zip(weight, small, strict=True)
                )
                out = attention.output(seen[None, :, None, None])[0, :, 0, 0]  # type: ignore[index]
                torch.testing.assert_close(
                    found[0, :, i, j], maps[0, :, i, j] + 0.5 * out, atol=1e-5, rtol=1e-4
                )


def test_batches_of_one_person_do_not_help_when_it_is_scored() -> None:
    """The released evaluation leaves batch norm on: 50 triplets of one person in a batch tell the answer."""
    model = maps_of(128)
    model.train()
    for _ in range(3):
        [*model.turns(batch_of(PEOPLE), 0)]
    voices, faces = features("v", 6), features("f", 1).expand(6, -1)

    def lead(together: bool) -> torch.Tensor:
        if together:
            return model.score(model.embed_voices(voices), model.embed_faces(faces)).diagonal()
        return torch.cat(
            [model.score(model.embed_voices(v[None]), model.embed_faces(faces[:1]))[0] for v in voices]
        )

    model.eval()
    with torch.no_grad():
        torch.testing.assert_close(lead(True), lead(False), atol=1e-5, rtol=1e-4)
    model.train()
    with torch.no_grad(), pytest.raises(ValueError, match="more than 1 value per channel"):
        lead(False)  # so scored, an item alone has no answer at all


def test_nothing_is_enhanced_when_items_are_scored() -> None:
    model = maps_of(128).eval()
    torch.manual_seed(1)
    first = model.embed_faces(torch.ones(2, 7))
    torch.manual_seed(2)
    assert torch.equal(first, model.embed_faces(torch.ones(2, 7)))


def test_the_critic_moves_first_and_sees_both_branches() -> None:
    model, data = maps_of(128), batch_of(PEOPLE)
    turns = [*model.turns(data, 0)]
    assert [player for player, _ in turns] == ["critic", "encoders"]
    with torch.no_grad():
        for one in model.critic[1].parameters():  # batch norm: what comes before has no say then
            one.zero_()
    critic = dict(model.turns(data, 0))["critic"].losses["critic"]
    assert critic.tolist() == pytest.approx([2 * 4 * 0.6931472] * 8, rel=1e-5)  # 2 branches, 2 + 1 + 1 items


def test_features_that_are_no_maps_are_refused() -> None:
    with pytest.raises(ValueError, match=r"8 rows by an even square of places .* found widths \[100, 100\]"):
        maps_of(100)
