from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from vfal.core.config.shelf_models import ordered
from vfal.core.types import DIRECTIONS, GALLERY_OF, PROBE_OF, Direction
from vfal.data.batches import IdentityBatches
from vfal.evaluation.scoring import Cosine
from vfal.method import Method
from vfal.training.assessing import MethodComparer, scorer_of

from ..tiny_params import tiny_params
from .conftest import features
from .method_runs import Make, train


def fits(method: Method, voices_ND: Tensor, faces_MD: Tensor) -> Tensor:
    """Scores (N, M); of a method that compares candidates, each face's lead over an unchanging rival."""
    if type(method).choose is Method.choose:
        return method.score(voices_ND, faces_MD)
    rival_MD = method.embed_faces(features("rival", 1)).to(faces_MD).expand_as(faces_MD)
    candidates_M2D = torch.stack([faces_MD, rival_MD], dim=1)
    rows = [method.choose(voice_D.expand_as(faces_MD), candidates_M2D, "v2f") for voice_D in voices_ND]
    return torch.stack([row_M2[:, 0] - row_M2[:, 1] for row_M2 in rows])


def state(method: Method) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in method.state_dict().items()}


@pytest.fixture(scope="module")
def known() -> dict[str, Method]:
    """Models that have been trained."""
    return {}


@pytest.fixture
def trained(
    known: dict[str, Method], make: Make, model: str, batches: IdentityBatches, tmp_path: Path
) -> Method:
    """The model, trained once by its own optimiser in a hurry: to be looked at, not to be changed.

    There are ten people; what judges pairs has to learn first that they matter.
    """
    if model not in known:
        method = make()
        steps = 200 if type(method).score is Method.score else 400
        hasty = ordered(tiny_params(), model).recipe.optimiser.model_copy(update={"learning_rate": 0.005})
        train(method, batches, tmp_path, steps=steps, optimiser=hasty)
        known[model] = method.eval()
    return known[model]


def test_embeddings_and_scores_have_their_shapes(make: Make) -> None:
    method = make().eval()
    voices_ND, faces_MD = method.embed_voices(features("v", 4)), method.embed_faces(features("f", 6))
    assert voices_ND.shape[0] == 4 and faces_MD.shape[0] == 6 and voices_ND.shape[1] == faces_MD.shape[1]
    scores_NM = fits(method, voices_ND, faces_MD)
    assert scores_NM.shape == (4, 6) and torch.isfinite(scores_NM).all() and scores_NM.dtype == torch.float32


def test_a_larger_score_is_a_better_fit_once_it_is_trained_by_its_own_optimiser(
    trained: Method, batches: IdentityBatches
) -> None:
    for step in range(2):
        batch = batches.draw(step, torch.device("cpu"))
        assert batch.voices is not None and batch.faces is not None
        voices_BD = trained.embed_voices(batch.voices.inputs)
        faces_BD = trained.embed_faces(batch.faces.inputs)
        for direction, probes_BD, own_BD in (("v2f", voices_BD, faces_BD), ("f2v", faces_BD, voices_BD)):
            leads = []
            for shift in range(1, len(own_BD)):
                scores_B2 = trained.choose(
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


def test_the_decision_changes_when_only_the_probe_changes(trained: Method) -> None:
    with torch.no_grad():  # trained, as fresh ones may lean to one side
        voices_ND, faces_MD = trained.embed_voices(features("v", 50)), trained.embed_faces(features("f", 50))
        v2f, f2v = fits(trained, voices_ND, faces_MD[:8]), fits(trained, voices_ND[:8], faces_MD).T
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
