"""TriNet (Xiong et al. 2019): voice-anchored triplets on a sphere, all that a batch holds."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal, Self

from torch import Tensor, nn
from torch.nn.functional import normalize

from vfal.blocks.trinet import Settings
from vfal.data.batches import Batch
from vfal.losses.all_triplets import all_triplets
from vfal.method import Card, Crowd, Method, Terms
from vfal.nn.encoder_widths import encoder_widths


class TriNet(Method):
    """One linear layer on each network, onto a sphere on which a frozen network's voices are the anchors."""

    measure: ClassVar[Literal["cosine", "euclidean"]] = "euclidean"
    trunk: ClassVar[Literal["feature_mlp", "plain_features"]] = "plain_features"
    card: ClassVar[Card] = Card(
        title="A Benchmark for Voice-Face Cross-Modal Matching and Retrieval (TriNet)",
        authors="Xiong, Zhang, Liu, Du",
        year=2019,
        venue="arXiv",
        link="https://arxiv.org/abs/1911.09338",
        needs=frozenset({"identity"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "The paper's networks are replaced by the encoders given.",
            "On frozen features both networks are frozen, not the voice network alone.",
            "The paper sums over triplets; their mean differs from it by a constant (switch reduction).",
            "The face network's learning rate falls with the layers'; the paper holds it at 1e-6.",
            "Sizes of batches and embeddings are not given in the paper.",
        ),
        sources={
            "width": "reconstructed",
            "normalise": "paper",
            "scale": "paper",
            "margin": "paper",
            "reduction": "reconstructed",
            "freeze_voice": "paper",
            "freeze_voice_head": "reconstructed",
            "freeze_face": "paper",
            "network_rate_factor": "paper",
        },
    )

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders with an attribute `width`."""
        super().__init__()
        self.voice, self.face, self.settings = voice, face, settings
        inputs = encoder_widths(voice, face)
        self.voice_head = nn.Linear(inputs["voice"], settings.width)
        self.face_head = nn.Linear(inputs["face"], settings.width)
        held = {
            voice: settings.freeze_voice,
            self.voice_head: settings.freeze_voice_head,
            face: settings.freeze_face,
        }
        self._frozen = [part for part, freeze in held.items() if freeze]
        for part in self._frozen:
            part.requires_grad_(False)

    def train(self, mode: bool = True) -> Self:
        """Frozen networks stay in evaluation mode: their batch norm must not drift."""
        super().train(mode)
        for part in self._frozen:
            part.eval()
        return self

    def rate_factors(self) -> Mapping[str, float]:
        """The networks learn far slower than the layers on them."""
        factor = self.settings.network_rate_factor
        return {"voice.": factor, "face.": factor}

    def embed_voices(self, voices: Tensor) -> Tensor:
        """Embeddings (B, width) of length `scale`, or of any without `normalise`."""
        return self._placed(self.voice_head(self.voice(voices)))

    def embed_faces(self, faces: Tensor) -> Tensor:
        """Embeddings (B, width) of length `scale`, or of any without `normalise`."""
        return self._placed(self.face_head(self.face(faces)))

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: the hinge loss over all triplets of the batch, shared out among its voices (eq. 1)."""
        assert batch.voices is not None and batch.faces is not None
        assert batch.voices.identity_B is not None and batch.faces.identity_B is not None
        loss_B = all_triplets(
            self.embed_voices(batch.voices.inputs),
            self.embed_faces(batch.faces.inputs),
            batch.voices.identity_B,
            batch.faces.identity_B,
            margin=self.settings.margin,
            reduction=self.settings.reduction,
        )
        yield "all", Terms({"triplets": loss_B})

    def _placed(self, outputs_BD: Tensor) -> Tensor:
        return self.settings.scale * normalize(outputs_BD, dim=1) if self.settings.normalise else outputs_BD
