from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from vfal.data.batches import Batch
from vfal.method import Crowd, Terms
from vfal.nn.feature_mlp import FeatureMLP
from vfal.trunk_method import TrunkMethod


class Settings(NamedTuple):
    width: int
    shared_tail: bool


class Doubling(TrunkMethod[Settings]):
    def ended(self, embeddings_BD: Tensor) -> Tensor:
        return 2 * embeddings_BD

    def turns(self, batch: Batch, step: int) -> Iterable[tuple[str, Terms]]:
        return []


def method(*, shared_tail: bool) -> Doubling:
    voice = FeatureMLP(modality="voice", inputs=5, width=8, dropout=0.5)
    face = FeatureMLP(modality="face", inputs=6, width=8, dropout=0.5)
    return Doubling(voice, face, crowd=Crowd(3), settings=Settings(4, shared_tail)).eval()


def test_an_embedding_is_what_the_method_ends_a_tail_with() -> None:
    model = method(shared_tail=False)
    voices, faces = torch.randn(7, 5), torch.randn(7, 6)
    voices_BD, faces_BD = model.tails(model.voice(voices), "voice"), model.tails(model.face(faces), "face")
    torch.testing.assert_close(model.embed_voices(voices), 2 * voices_BD)
    torch.testing.assert_close(model.embed_faces(faces), 2 * faces_BD)


def test_a_shared_tail_is_one_network_for_both_modalities() -> None:
    tensors = [sum("tails" in name for name in method(shared_tail=one).state_dict()) for one in (True, False)]
    assert tensors == [4, 8]
