from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from vfal.core.config.shelf_models import ordered
from vfal.data.batches import Bag, Batch
from vfal.losses.barlow_twins import barlow_twins
from vfal.losses.classification import cross_entropy
from vfal.losses.multi_similarity import paired_multi_similarity
from vfal.losses.squared_error import squared_error
from vfal.method import Crowd
from vfal.methods.self_lifting import SelfLifting
from vfal.nn.clustering import kmeans, squared_distance
from vfal.nn.group_means import group_means
from vfal.nn.plain_features import PlainFeatures

from ..tiny_params import tiny_params

Load = Callable[[str], dict[str, Any]]
EXACT = {"rtol": 1e-9, "atol": 1e-12}
PARTS = {"1": "layers.1", "0.1": "layers.1"}  # of the first layer: vfal-eva's and the official nesting
TAIL = {"3.0": "0", "3.2": "2", "1.0": "0", "1.2": "2"}


def model(**changes: Any) -> SelfLifting:
    """On frozen features as published (192 and 512 wide), in double precision, dropout off."""
    settings = ordered(tiny_params(), "self_lifting").settings.model_copy(update=changes)
    voice = PlainFeatures(modality="voice", inputs=192)
    face = PlainFeatures(modality="face", inputs=512)
    return SelfLifting(voice, face, crowd=Crowd(9, tracks=9), settings=settings).double().eval()


def fill(method: SelfLifting, published: dict[str, Tensor]) -> dict[str, str]:
    """Load published weights; what each of our names was there, by our name."""
    names = {}
    for name in published:
        parts = name.removeprefix("encoder.").rsplit(".", 1)
        side, _, place = parts[0].partition(".")
        if side == "decoder":
            # named after what is decoded from: a face's decoder gives back the voice
            target, _, inner = place.partition(".")
            made = {"dec_face": "voice", "dec_voice": "face"}[target]
            ours = f"decoders.{made}.{ {'0.1': 1, '0.3': 3, '1': 5}[inner] }"
        elif side.endswith("_projector"):
            ours = f"projectors.{side.removesuffix('_projector')}"
        elif place in TAIL and place != "1":
            ours = f"tails.tails.0.{TAIL[place]}"
        else:
            ours = f"first.{side.removesuffix('_encoder')}.{PARTS[place]}"
        names.setdefault(f"{ours}.{parts[1]}", name)
    state = {ours: published[theirs] for ours, theirs in names.items()}
    method.load_state_dict(state | {"pseudo_label_T": method.pseudo_label_T})
    return names


@pytest.mark.parametrize("name", ["sl_step_b12", "sl_step_b16_distinct", "sl_step_b5", "sl_step_b8"])
@pytest.mark.parametrize("ratio", [0, 1])
def test_the_loss_and_its_gradients_equal_the_published_ones(name: str, ratio: int, golden: Load) -> None:
    arrays = {key: array for key, array in golden(name).items() if array.dtype.kind in "if"}
    voices_BD, faces_BD = (torch.from_numpy(arrays[key]).requires_grad_() for key in ("v_emb", "f_emb"))
    label_B = torch.from_numpy(arrays["y"])[:, 0]
    loss_B = paired_multi_similarity(voices_BD, faces_BD, label_B, alpha=2.0, beta=50.0, base=1.0)
    loss = (loss_B + ratio * squared_error(voices_BD, faces_BD)).mean()
    loss.backward()
    for found, key in [(loss.detach(), "loss"), (voices_BD.grad, "grad_v"), (faces_BD.grad, "grad_f")]:
        torch.testing.assert_close(found, torch.as_tensor(arrays[f"mse{ratio}_{key}"]), **EXACT)
    weight_DK = torch.from_numpy(arrays["W"])
    sides = [cross_entropy(side_BD @ weight_DK, label_B).mean() for side_BD in (voices_BD, faces_BD)]
    softmax = torch.as_tensor(arrays["softmax_loss"])
    torch.testing.assert_close(torch.stack(sides).mean().detach(), softmax, **EXACT)


@pytest.mark.parametrize(
    ("name", "base_seed"),
    [("sl_step_b12", 7700), ("sl_step_b16_distinct", 7900), ("sl_step_b5", 7800), ("sl_step_b8", 7600)],
)
def test_the_official_networks_embed_as_published(
    name: str, base_seed: int, golden: Load, state_by_formula: Callable[..., dict[str, Tensor]]
) -> None:
    arrays, method = golden(name), model()
    fill(method, state_by_formula(arrays, base_seed=base_seed, conv_gain=1.0))
    voices_BD = method.embed_voices(torch.from_numpy(arrays["enc_voice"]))
    faces_BD = method.embed_faces(torch.from_numpy(arrays["enc_face"]))
    torch.testing.assert_close(voices_BD.detach(), torch.from_numpy(arrays["enc_v_emb"]), **EXACT)
    torch.testing.assert_close(faces_BD.detach(), torch.from_numpy(arrays["enc_f_emb"]), **EXACT)


@pytest.mark.parametrize(("name", "clusters"), [("sl_cluster_n120_k6", 6), ("sl_cluster_n200_k15", 15)])
def test_from_the_starting_points_that_the_seed_of_faiss_draws_its_published_clusters_are_found(
    name: str, clusters: int, golden: Load
) -> None:
    arrays = {key: torch.from_numpy(array) for key, array in golden(name).items() if array.ndim}
    points_TD = torch.cat([arrays["emb_voice"], arrays["emb_face"]], dim=1)
    start_K = faiss_start(len(points_TD), clusters, seed=1235)
    centres_KD, cluster_T = kmeans(points_TD, clusters, seed=0, iterations=20, start_rows_K=start_K)
    pairs = list(zip(cluster_T.tolist(), arrays["cluster_label"].tolist(), strict=True))
    assert len(set(pairs)) == len({ours for ours, _ in pairs}) == len({theirs for _, theirs in pairs})
    inertia = squared_distance(points_TD, centres_KD, cluster_T).sum()
    torch.testing.assert_close(inertia, torch.as_tensor(golden(name)["inertia"]), rtol=1e-5, atol=0)
    near_T = (torch.cosine_similarity(points_TD, centres_KD[cluster_T]) + 1) / 2
    torch.testing.assert_close(near_T, arrays["similarity"], rtol=1e-5, atol=1e-5)
    both = [(arrays[side], arrays["cluster_label"]) for side in ("emb_voice", "emb_face")]
    torch.testing.assert_close(group_means(both, clusters), arrays["center_matrix"], rtol=1e-5, atol=1e-5)


def faiss_start(points: int, clusters: int, *, seed: int) -> Tensor:
    """The points that faiss starts from: the head of its random order of all, by a Mersenne twister."""
    draws, order_N = np.random.RandomState(seed), np.arange(points)
    for place in range(clusters):
        other = place + int(draws.randint(0, 2**32, dtype=np.uint32)) % (points - place)
        order_N[[place, other]] = order_N[[other, place]]
    return torch.from_numpy(order_N[:clusters])


@pytest.mark.parametrize("name", ["b16_d8", "b32_d24", "b5_d12", "b64_d6"])
def test_the_barlow_loss_and_its_gradients_equal_the_published_ones(name: str, golden: Load) -> None:
    arrays = {key: torch.as_tensor(array) for key, array in golden(f"vfal_barlow_{name}").items()}
    for matrix, prefix in [(torch.eye(arrays["z_a"].shape[1]).double(), ""), (arrays["W"], "proj_")]:
        views = {key: arrays[key].clone().requires_grad_() for key in ("z_a", "z_b")}
        matrix = matrix.clone().requires_grad_()
        loss = barlow_twins(views["z_a"] @ matrix, views["z_b"] @ matrix, off_diagonal=0.005)
        loss.backward()
        found = {"loss": loss.detach(), "grad_z_a": views["z_a"].grad, "grad_z_b": views["z_b"].grad}
        found["grad_W"] = matrix.grad
        for key, value in found.items():
            if f"{prefix}{key}" in arrays:
                torch.testing.assert_close(value, arrays[f"{prefix}{key}"], **EXACT)


@pytest.mark.parametrize(("case", "base_seed"), [("a", 4300), ("b", 5300)])
def test_the_autoencoder_equals_the_published_one(
    case: str, base_seed: int, golden: Load, state_by_formula: Callable[..., dict[str, Tensor]]
) -> None:
    arrays, method = golden(f"vfal_model_cae_{case}"), model(objective="ccae")
    published = state_by_formula(arrays, base_seed=base_seed, conv_gain=1.0)
    names = fill(method, published)
    assert sum(parameter.numel() for parameter in method.parameters()) == arrays["n_params"]
    voices, faces = (torch.from_numpy(arrays[key]) for key in ("voice", "face"))
    track_B = torch.arange(len(voices))
    bags = [Bag(inputs, None, video_B=track_B) for inputs in (voices, faces)]
    ((_, terms),) = method.turns(Batch(*bags), 0)
    heard_BD, seen_BD = method.embed_voices(voices), method.embed_faces(faces)
    sums = {
        "v_emb": heard_BD,
        "f_emb": seen_BD,
        "v_out": method.decoders["voice"](seen_BD),
        "f_out": method.decoders["face"](heard_BD),
        "loss_emb": terms.losses["pair_error"].mean(),
        "loss_dec": (terms.losses["voice_from_face"] + terms.losses["face_from_voice"]).mean(),
    }
    for key, value in sums.items():
        torch.testing.assert_close(value.detach(), torch.as_tensor(arrays[key]), **EXACT)
    torch.stack([loss_B.mean() for loss_B in terms.losses.values()]).sum().backward()
    norms = dict(zip(arrays["param_names"].tolist(), arrays["grad_norms"].tolist(), strict=True))
    for ours, parameter in method.named_parameters():
        assert parameter.grad is not None
        assert parameter.grad.norm().item() == pytest.approx(norms[names[ours]], rel=1e-9)


@pytest.mark.parametrize(("case", "base_seed"), [("a", 4200), ("b", 5200)])
def test_the_encoder_with_a_projector_equals_the_published_one(
    case: str, base_seed: int, golden: Load, state_by_formula: Callable[..., dict[str, Tensor]]
) -> None:
    arrays = golden(f"vfal_model_encoder_projector_{case}")
    method = model(objective="barlow", projector=True)
    fill(method, state_by_formula(arrays, base_seed=base_seed, conv_gain=1.0))
    embedded = {
        "v": method.embed_voices(torch.from_numpy(arrays["voice"])),
        "f": method.embed_faces(torch.from_numpy(arrays["face"])),
    }
    for key, projector in [("v", "voice"), ("f", "face")]:
        projected_BD = method.projectors[projector](embedded[key])
        torch.testing.assert_close(embedded[key].detach(), torch.from_numpy(arrays[f"{key}_emb"]), **EXACT)
        torch.testing.assert_close(projected_BD.detach(), torch.from_numpy(arrays[f"{key}_proj"]), **EXACT)
