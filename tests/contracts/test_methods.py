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
from vfal.core.types import DIRECTIONS, GALLERY_OF, PROBE_OF, Direction
from vfal.data.batches import Bag, Batch, IdentityBatches
from vfal.evaluation.scoring import Cosine
from vfal.method import Card, Method, Need, Source, Task, Terms
from vfal.methods import SHELF
from vfal.training.assessing import MethodComparer, scorer_of
from vfal.training.identity_weights import IdentityWeights
from vfal.training.loop import Loop, Phase

from ..tiny_params import tiny_params
from .conftest import IDENTITIES, INPUTS, features

Make = Callable[..., Method]
CALM = {"weight_decay": 0.0, "learning_rate": 0.02}  # at 0.05 sums of several classifiers kill hidden units
OPTIMISER = tiny_params().warm_up.optimiser.model_copy(update=CALM)


def handed(method: Method, batch: Batch) -> Batch:
    """What the loop gives the method: no labels but those it asks for."""
    return batch.for_needs(method.needs())


def total(terms: Terms) -> Tensor:
    parts = [loss_B.mean() for loss_B in terms.losses.values()]
    return torch.stack([*parts, *terms.batch_losses.values()]).sum()


def state(method: Method) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in method.state_dict().items()}


def fits(method: Method, voices_ND: Tensor, faces_MD: Tensor) -> Tensor:
    """Scores (N, M); of a method that compares candidates, each face's lead over an unchanging rival."""
    if type(method).choose is Method.choose:
        return method.score(voices_ND, faces_MD)
    rival_MD = method.embed_faces(features("rival", 1)).to(faces_MD).expand_as(faces_MD)
    candidates_M2D = torch.stack([faces_MD, rival_MD], dim=1)
    rows = [method.choose(voice_D.expand_as(faces_MD), candidates_M2D, "v2f") for voice_D in voices_ND]
    return torch.stack([row_M2[:, 0] - row_M2[:, 1] for row_M2 in rows])


def train_well(method: Method, model: str, batches: IdentityBatches, folder: Path) -> None:
    """By its own optimiser, in a hurry: ten people; what judges pairs has to learn first that they matter."""
    steps = 200 if type(method).score is Method.score else 400
    hasty = ordered(tiny_params(), model).recipe.optimiser.model_copy(update={"learning_rate": 0.005})
    train(method, batches, folder, steps=steps, optimiser=hasty)
    method.eval()


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
    scores_NM = fits(method, voices_ND, faces_MD)
    assert scores_NM.shape == (4, 6) and torch.isfinite(scores_NM).all() and scores_NM.dtype == torch.float32


def test_a_larger_score_is_a_better_fit_once_it_is_trained_by_its_own_optimiser(
    make: Make, model: str, batches: IdentityBatches, tmp_path: Path
) -> None:
    method = make()
    train_well(method, model, batches, tmp_path)
    for step in range(2):
        batch = batches.draw(step, torch.device("cpu"))
        assert batch.voices is not None and batch.faces is not None
        voices_BD, faces_BD = method.embed_voices(batch.voices.inputs), method.embed_faces(batch.faces.inputs)
        for direction, probes_BD, own_BD in (("v2f", voices_BD, faces_BD), ("f2v", faces_BD, voices_BD)):
            leads = []
            for shift in range(1, len(own_BD)):
                scores_B2 = method.choose(
                    probes_BD, torch.stack([own_BD, own_BD.roll(shift, 0)], dim=1), direction
                )
                leads.append((scores_B2[:, 0] - scores_B2[:, 1]).mean())
            assert torch.stack(leads).mean() > 0.1


def test_a_score_does_not_depend_on_the_batch_it_is_scored_in(make: Make) -> None:
    method = make().eval()
    voices, faces = features("v", 20), features("f", 20)
    with torch.no_grad():
        together = fits(method, method.embed_voices(voices), method.embed_faces(faces))
        alone = torch.stack(
            [
                fits(
                    method,
                    method.embed_voices(voices[row : row + 1]),
                    method.embed_faces(faces[row : row + 1]),
                )[0, 0]
                for row in range(20)
            ]
        )
    assert torch.allclose(together.diagonal(), alone, atol=1e-5)


def test_the_decision_changes_when_only_the_probe_changes(
    make: Make, model: str, batches: IdentityBatches, tmp_path: Path
) -> None:
    method = make()
    train_well(method, model, batches, tmp_path)  # fresh ones may lean to one side
    with torch.no_grad():
        voices_ND, faces_MD = method.embed_voices(features("v", 50)), method.embed_faces(features("f", 50))
        v2f, f2v = fits(method, voices_ND, faces_MD[:8]), fits(method, voices_ND[:8], faces_MD).T
    # A score that adds up what probe and candidate say alone never changes its mind.
    for scores in (v2f, f2v):
        wins = (scores[:, 0::2] > scores[:, 1::2]).float().mean(0)
        assert ((wins > 0) & (wins < 1)).any()


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_candidates_are_chosen_whatever_their_order_and_the_other_trials(
    make: Make, direction: Direction
) -> None:
    method = make().eval()
    sides = {"voice": method.embed_voices, "face": method.embed_faces}
    with torch.no_grad():
        probes_TD = sides[PROBE_OF[direction]](features("probes", 40))
        candidates_KD = sides[GALLERY_OF[direction]](features("candidates", 3))
        candidates_TKD = candidates_KD.expand(40, -1, -1)
        scores_TK = method.choose(probes_TD, candidates_TKD, direction)
        alone_TK = torch.cat(
            [method.choose(probes_TD[[row]], candidates_TKD[[row]], direction) for row in range(40)]
        )
        turned_TK = method.choose(probes_TD, candidates_TKD.flip(1), direction).flip(1)
    assert scores_TK.shape == (40, 3)
    assert torch.allclose(scores_TK, alone_TK, atol=1e-5) and torch.allclose(scores_TK, turned_TK, atol=1e-5)


def test_in_evaluation_mode_nothing_is_random(make: Make) -> None:
    method = make().eval()
    assert torch.equal(method.embed_voices(features("v", 5)), method.embed_voices(features("v", 5)))
    assert torch.equal(method.embed_faces(features("f", 5)), method.embed_faces(features("f", 5)))


def test_looking_at_items_in_evaluation_mode_leaves_no_trace(make: Make) -> None:
    method = make().eval()
    before = state(method)
    fits(method, method.embed_voices(features("v", 5)), method.embed_faces(features("f", 5)))
    assert all(torch.equal(value, before[key]) for key, value in method.state_dict().items())


def test_the_fast_scorer_says_what_the_method_says(make: Make) -> None:
    method = make().eval()
    with torch.no_grad():
        voices_ND, faces_MD = method.embed_voices(features("v", 4)), method.embed_faces(features("f", 4))
    scorer = scorer_of(method)
    if isinstance(scorer, MethodComparer):
        asked_TKD = method.embed_faces(features("f", 12)).detach().unflatten(0, (4, 3))
        probes_TD = method.embed_voices(features("v", 4)).detach()
        found = scorer.choices("v2f", probes_TD.numpy(), asked_TKD.numpy())
        wanted = method.choose(probes_TD, asked_TKD, "v2f")
        assert torch.allclose(torch.from_numpy(found).float(), wanted, atol=1e-6)
        return
    with torch.no_grad():
        wanted = method.score(voices_ND, faces_MD).double()
    given = [normalize(x) if isinstance(scorer, Cosine) else x for x in (voices_ND, faces_MD)]
    found = scorer.matrix(given[0].numpy(), given[1].numpy())
    assert torch.allclose(torch.from_numpy(found).double(), wanted, atol=1e-5)


def test_pairs_score_as_they_do_in_a_matrix(make: Make) -> None:
    method = make().eval()
    if "verification" not in method.card.tasks:
        return  # it compares candidates, and has no score of a pair
    with torch.no_grad():
        voices_ND, faces_ND = method.embed_voices(features("v", 5)), method.embed_faces(features("f", 5))
        matrix_NN = method.score(voices_ND, faces_ND)
        assert torch.allclose(method.score_pairs(voices_ND, faces_ND), matrix_NN.diagonal(), atol=1e-5)


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
    unmoved = {id(parameter) for group in players.values() for parameter in group}
    for step in range(2):  # what is multiplied by a factor that starts at 0 moves in the second
        for player, terms in method.turns(handed(method, batch), step):
            before = {id(p): p.detach().clone() for group in players.values() for p in group}
            optimisers[player].zero_grad(set_to_none=True)
            total(terms).backward()
            optimisers[player].step()
            for name, group in players.items():
                moved = {id(p) for p in group if not torch.equal(before[id(p)], p)}
                assert name == player or not moved
                unmoved -= moved
    assert not unmoved, [name for name, p in method.named_parameters() if id(p) in unmoved]


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
    broken = type(inputs)(inputs.features_ND * float("nan"))  # type: ignore[attr-defined,call-arg]
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
