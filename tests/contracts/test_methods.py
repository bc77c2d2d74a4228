from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from vfal.core.config.method_block import MethodBlock
from vfal.core.config.phases import Optimiser
from vfal.core.config.shelf_models import ordered
from vfal.core.errors import DivergedError
from vfal.data.batches import Bag, Batch, IdentityBatches
from vfal.method import Card, Method, Need, Source, Task, Terms
from vfal.methods import SHELF
from vfal.training.assessing import MethodScorer, scorer_of
from vfal.training.identity_weights import IdentityWeights
from vfal.training.loop import Loop, Phase

from ..tiny_params import tiny_params
from .conftest import IDENTITIES, INPUTS, features

Make = Callable[..., Method]
OPTIMISER = tiny_params().warm_up.optimiser.model_copy(update={"weight_decay": 0.0})


def handed(method: Method, batch: Batch) -> Batch:
    """What the loop gives the method: no labels but those it asks for."""
    return batch.for_needs(method.needs())


def total(terms: Terms) -> Tensor:
    parts = [loss_B.mean() for loss_B in terms.losses.values()]
    return torch.stack([*parts, *terms.batch_losses.values()]).sum()


def state(method: Method) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in method.state_dict().items()}


def train(
    method: Method,
    batches: IdentityBatches,
    folder: Path,
    steps: int = 6,
    optimiser: Optimiser = OPTIMISER,
) -> Loop:
    loop = Loop(
        method,
        batches,
        Phase("contract", 1, optimiser, steps, checkpoint_every_steps=3),
        machine=tiny_params().machine,
        device=torch.device("cpu"),
        folder=folder,
        weights=None,
        observers={},
    )
    loop.run()
    return loop


def test_the_card_says_all_that_is_printed_of_a_method(make: Make) -> None:
    card = make().card
    assert isinstance(card, Card) and card.title and card.authors and card.venue and 2017 < card.year < 2100
    assert card.link.startswith("https://")
    assert (
        card.needs | make().needs() <= set(get_args(Need))
        and card.tasks
        and card.tasks <= set(get_args(Task))
    )
    assert all(departure.endswith(".") for departure in card.departures)


def test_the_card_says_of_each_number_where_it_comes_from(make: Make) -> None:
    method = make()
    if method.card.title.startswith("Seeking the Shape"):
        return  # the numbers of the main method have their sources in params.yaml
    block = type(method.settings).model_fields  # type: ignore[union-attr]
    own = {*block} - {*MethodBlock.model_fields}
    assert {*method.card.sources} == own
    assert {*method.card.sources.values()} <= {*get_args(Source)}


def test_every_method_has_a_model_of_its_own_name() -> None:
    models = tiny_params().train_method.models
    assert [name for name in SHELF if name not in models or models[name].method != name] == []
    assert all(not models[name].changes for name in SHELF)


def test_a_method_has_a_page_and_a_block_of_params(repository: Path, name: str) -> None:
    assert hasattr(tiny_params().methods, name)
    assert (repository / f"docs/methods/{name}.md").exists()


def test_embeddings_and_scores_have_their_shapes(make: Make) -> None:
    method = make().eval()
    voices_ND, faces_MD = method.embed_voices(features("v", 4)), method.embed_faces(features("f", 6))
    assert voices_ND.shape[0] == 4 and faces_MD.shape[0] == 6 and voices_ND.shape[1] == faces_MD.shape[1]
    scores_NM = method.score(voices_ND, faces_MD)
    assert scores_NM.shape == (4, 6) and torch.isfinite(scores_NM).all() and scores_NM.dtype == torch.float32


def test_a_larger_score_is_a_better_fit(
    make: Make, batches: IdentityBatches, tmp_path: Path, model: str
) -> None:
    method = make()
    steps = 200 if type(method).score is Method.score else 400
    train(method, batches, tmp_path, steps=steps, optimiser=ordered(tiny_params(), model).recipe.optimiser)
    method.eval()
    bags = [batches.draw(step, torch.device("cpu")) for step in range(2)]
    for batch in bags:
        assert batch.voices is not None and batch.faces is not None
        scores_BB = method.score(
            method.embed_voices(batch.voices.inputs), method.embed_faces(batch.faces.inputs)
        )
        others = scores_BB.numel() - len(scores_BB)
        assert scores_BB.diagonal().mean() > (scores_BB.sum() - scores_BB.trace()) / others + 0.1


def test_a_score_does_not_depend_on_the_batch_it_is_scored_in(make: Make) -> None:
    method = make().eval()
    voices, faces = features("v", 20), features("f", 20)
    with torch.no_grad():
        together = method.score(method.embed_voices(voices), method.embed_faces(faces))
        alone = torch.stack(
            [
                method.score(
                    method.embed_voices(voices[row : row + 1]), method.embed_faces(faces[row : row + 1])
                )[0, 0]
                for row in range(20)
            ]
        )
    assert torch.allclose(together.diagonal(), alone, atol=1e-5)


def test_the_decision_changes_when_only_the_probe_changes(
    make: Make, batches: IdentityBatches, tmp_path: Path, model: str
) -> None:
    method = make()
    if type(method).score is not Method.score:  # what judges pairs has to learn first that they matter
        train(method, batches, tmp_path, steps=400, optimiser=ordered(tiny_params(), model).recipe.optimiser)
    method.eval()
    with torch.no_grad():
        voices_ND, faces_MD = method.embed_voices(features("v", 50)), method.embed_faces(features("f", 2))
        v2f = method.score(voices_ND, faces_MD).argmax(1)
        f2v = method.score(voices_ND[:2], method.embed_faces(features("f", 50))).argmax(0)
    assert len(set(v2f.tolist())) == 2 and len(set(f2v.tolist())) == 2


def test_in_evaluation_mode_nothing_is_random(make: Make) -> None:
    method = make().eval()
    assert torch.equal(method.embed_voices(features("v", 5)), method.embed_voices(features("v", 5)))
    assert torch.equal(method.embed_faces(features("f", 5)), method.embed_faces(features("f", 5)))


def test_looking_at_items_in_evaluation_mode_leaves_no_trace(make: Make) -> None:
    method = make().eval()
    before = state(method)
    method.score(method.embed_voices(features("v", 5)), method.embed_faces(features("f", 5)))
    assert all(torch.equal(value, before[key]) for key, value in method.state_dict().items())


def test_the_fast_scorer_says_what_the_method_says(make: Make) -> None:
    method = make().eval()
    with torch.no_grad():
        voices_ND, faces_MD = method.embed_voices(features("v", 4)), method.embed_faces(features("f", 4))
        wanted = method.score(voices_ND, faces_MD).double()
    scorer = scorer_of(method)
    if isinstance(scorer, MethodScorer):
        found = scorer.matrix(voices_ND.numpy(), faces_MD.numpy())
        pairs = scorer.pairs(voices_ND.numpy(), faces_MD.numpy())
        assert torch.allclose(torch.from_numpy(pairs), wanted.diagonal(), atol=1e-5)
    else:
        found = scorer.matrix(normalize(voices_ND).numpy(), normalize(faces_MD).numpy())
    assert torch.allclose(torch.from_numpy(found).double(), wanted, atol=1e-5)


def test_every_term_is_one_loss_per_item_or_named_as_a_batch_mean(make: Make, batch: Batch) -> None:
    method = make().train()
    for player, terms in method.turns(handed(method, batch), 0):
        assert player in method.players() and (terms.losses or terms.batch_losses)
        for term, value in terms.batch_losses.items():
            assert value.shape == () and value.requires_grad, term
        for term, loss_B in terms.losses.items():
            assert loss_B.shape == (5,) and loss_B.requires_grad, term
        for signal, value_B in terms.signals.items():
            assert value_B.shape == (5,) and not value_B.requires_grad, signal
        assert terms.batch_mean <= set(terms.losses)


def test_every_parameter_that_learns_belongs_to_exactly_one_player(make: Make) -> None:
    method = make()
    owned = [id(parameter) for group in method.players().values() for parameter in group]
    assert len(owned) == len(set(owned))
    assert set(owned) == {id(parameter) for parameter in method.parameters() if parameter.requires_grad}


def test_a_step_moves_its_player_and_nobody_else(make: Make, batch: Batch) -> None:
    method = make().train()
    players = method.players()
    optimisers = {name: torch.optim.SGD(group, lr=0.1) for name, group in players.items()}
    for player, terms in method.turns(handed(method, batch), 0):
        before = {name: [p.detach().clone() for p in group] for name, group in players.items()}
        optimisers[player].zero_grad(set_to_none=True)
        total(terms).backward()
        optimisers[player].step()
        moved = {
            name: [not torch.equal(old, new) for old, new in zip(before[name], group, strict=True)]
            for name, group in players.items()
        }
        assert all(moved[player]), f"{player} has a part that its own turn does not move"
        assert not any(any(flags) for name, flags in moved.items() if name != player)


def test_a_method_without_need_of_identities_is_handed_none(
    make: Make, batches: IdentityBatches, tmp_path: Path
) -> None:
    seen: list[Bag | None] = []
    method = make()
    turns = method.turns

    def watched(batch: Batch, step: int) -> Any:
        seen.extend([batch.voices, batch.faces])
        return turns(batch, step)

    method.turns = watched  # type: ignore[method-assign]
    train(method, batches, tmp_path, steps=1)
    named = [bag.identity_B is not None for bag in seen if bag is not None]
    assert set(named) == {"identity" in method.needs()}


def test_the_same_seed_gives_the_same_numbers(make: Make, batches: IdentityBatches, tmp_path: Path) -> None:
    first, second = train(make(), batches, tmp_path / "a"), train(make(), batches, tmp_path / "b")
    one, two = first.method.state_dict(), second.method.state_dict()
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_a_method_killed_and_continued_ends_as_an_undisturbed_one(
    make: Make, batches: IdentityBatches, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(make(), batches, tmp_path / "whole", steps=11)
    step = Loop._step

    def dying(self: Loop, global_step: int, *rest: Any) -> None:
        if global_step == 8:
            raise KeyboardInterrupt
        step(self, global_step, *rest)

    with monkeypatch.context() as context, pytest.raises(KeyboardInterrupt):
        context.setattr(Loop, "_step", dying)
        train(make(), batches, tmp_path / "killed", steps=11)
    again = train(make(seed=2), batches, tmp_path / "killed", steps=11)  # the checkpoint holds all of it
    one, two = whole.method.state_dict(), again.method.state_dict()
    assert all(torch.equal(one[key], two[key]) for key in one)
    assert (tmp_path / "whole/curve.jsonl").read_bytes() == (tmp_path / "killed/curve.jsonl").read_bytes()


def test_nan_in_the_input_stops_with_the_name_of_a_term(
    make: Make, batches: IdentityBatches, tmp_path: Path
) -> None:
    inputs, rows = batches.sources["voice"]
    broken = type(inputs)(inputs.features_ND.numpy() * float("nan"))  # type: ignore[attr-defined,call-arg]
    batches.sources["voice"] = (broken, rows)
    method = make()
    with pytest.raises(
        DivergedError, match=r"contract, step 0: the loss is not finite \(.*\w+=nan"
    ) as caught:
        train(method, batches, tmp_path)
    terms = next(iter(make().turns(handed(method, batches.draw(0, torch.device("cpu"))), 0)))[1]
    assert all(f"{term}=" in str(caught.value) for term in (*terms.losses, *terms.batch_losses))
    assert all(torch.isfinite(parameter).all() for parameter in method.parameters())


def test_identity_weights_act_on_people(make: Make, batch: Batch) -> None:
    method = make().train()
    torch.manual_seed(0)
    per_item = [
        terms.losses[term]
        for _, terms in method.turns(handed(method, batch), 0)
        for term in terms.losses
        if term not in terms.batch_mean
    ]
    if not per_item:
        return  # the loop refuses identity weights on losses of the whole batch, by name
    weights = IdentityWeights(
        IDENTITIES,
        hardness_initial=1.0,
        hardness_ema=0.9,
        initial_ratio=0.3,
        growth_ratio=0.1,
        decay=0.9,
        keep_ratio=0.9,
    )
    weight_I = torch.ones(IDENTITIES, dtype=torch.float64)
    weight_I[4] = 0.0  # the first row of the batch
    weights.load_state_dict(weights.state_dict() | {"weights": weight_I, "updates": torch.tensor(1)})
    assert batch.voices is not None and batch.voices.identity_B is not None
    weight_B = weights.weights(batch.voices.identity_B)
    for loss_B in per_item:
        (gradient_B,) = torch.autograd.grad((loss_B * weight_B.float()).mean(), loss_B, retain_graph=True)
        assert gradient_B[0] == 0 and (gradient_B[1:] > 0).all()


def test_the_encoders_are_given_not_built(make: Make) -> None:
    method = make()
    if method.trunk == "plain_features":
        assert not [*method.voice.parameters()] and not [*method.face.parameters()]  # type: ignore[union-attr]
        return
    first = [
        module
        for module in method.modules()
        if isinstance(module, torch.nn.Linear) and module.in_features == INPUTS
    ]
    assert len(first) == 2  # one per modality: those that were handed in
