"""SBNet (Saeed et al., ICASSP 2023): one branch for both modalities, trained on a stream of items."""

from collections.abc import Iterator
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from vfal.blocks.sbnet import Settings
from vfal.data.batches import Bag, Batch
from vfal.losses.classification import cross_entropy
from vfal.losses.git import centre_pull, git_push
from vfal.losses.moving_centres import MovingCentres
from vfal.losses.orthogonal_projection import orthogonal_projection
from vfal.method import Card, Crowd, Method, Terms
from vfal.nn.shared_stream import SharedStream
from vfal.nn.unit_branch import Classifier

PAIRED = ("vfvf", "fvfv")  # orders in which an item's partner is its neighbour


class SingleBranchNetwork(Method):
    """The same layers for voices and faces; which items share a batch is the experiment."""

    card: ClassVar[Card] = Card(
        title="Single-branch Network for Multimodal Training",
        authors="Saeed, Nawaz, Khan, Zaheer, Nandakumar, Yousaf, Mahmood",
        year=2023,
        venue="ICASSP",
        link="https://arxiv.org/abs/2303.06129",
        needs=frozenset({"identity"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "A batch of the random stream holds as many voices as faces; the code leaves that to chance.",
            "Every person has two rows in a batch; the code leaves that to chance.",
            "Batches are drawn afresh; the code shuffles its items once and repeats the same blocks.",
            "Centres move; in the code the operation that moves them is never run.",
            "Centres begin at the first items of their identity; the code's begin at random.",
            "Centres are of embeddings; the code's centre loss is of logits (switch centre_on).",
            "Distances are those of vectors; the code averages over coordinates (switch distance).",
            "The Git loss pushes nobody from an identity of their own that comes twice.",
            "The best step is chosen on validation people; the code chooses it on the test list.",
        ),
        sources={
            "width": "official code",
            "dropout": "official code",
            "item_order": "official code",
            "loss": "paper",
            "loss_weight": "official code",
            "negative_weight": "official code",
            "centre_on": "paper",
            "distance": "paper",
            "centre_update": "paper",
            "centre_rate": "official code",
        },
    )
    trunk: ClassVar[Literal["feature_mlp", "plain_features"]] = "plain_features"

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders with an attribute `width`."""
        super().__init__()
        self.voice, self.face, self.settings, self.crowd = voice, face, settings, crowd
        self.stream = SharedStream(voice, face, width=settings.width, dropout=settings.dropout)
        self.classifier = Classifier(settings.width, crowd.identities)
        self.centres: MovingCentres | None = None
        if settings.loss != "orthogonal":
            self.centres = MovingCentres(
                crowd.identities,
                settings.width if settings.centre_on == "embedding" else crowd.identities,
                update=settings.centre_update,
                rate=settings.centre_rate,
            )

    def embed_voices(self, voices: Tensor) -> Tensor:
        """Unit vectors (B, width), >= 0."""
        return self.stream(self.stream.enter(self.voice(voices), "voice"))  # type: ignore[no-any-return]

    def embed_faces(self, faces: Tensor) -> Tensor:
        """Unit vectors (B, width), >= 0."""
        return self.stream(self.stream.enter(self.face(faces), "face"))  # type: ignore[no-any-return]

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: cross-entropy and the chosen loss of the items that share this step's batch.

        Where both items of a row take part, the row's loss is the mean of theirs.
        """
        assert batch.voices is not None and batch.faces is not None and batch.voices.identity_B is not None
        entered_BD = self._items(batch.voices, batch.faces, step)
        items_each = len(entered_BD) // len(batch.voices.identity_B)
        identity_B = batch.voices.identity_B.repeat_interleave(items_each)
        embeddings_BD = self.stream(entered_BD)
        logits_BI = self.classifier(embeddings_BD)
        drawn_BD = embeddings_BD if self.settings.centre_on == "embedding" else logits_BI
        if self.centres is not None:
            self.centres.begin(drawn_BD, identity_B)
        losses = {"identity": cross_entropy(logits_BI, identity_B)}
        losses |= {
            name: self.settings.loss_weight * loss_B
            for name, loss_B in self._beside_the_classifier(embeddings_BD, drawn_BD, identity_B).items()
        }
        yield (
            "all",
            Terms({name: loss_B.view(-1, items_each).mean(dim=1) for name, loss_B in losses.items()}),
        )
        if self.centres is not None:
            self.centres.move(drawn_BD, identity_B)

    def _beside_the_classifier(
        self, embeddings_BD: Tensor, drawn_BD: Tensor, identity_B: Tensor
    ) -> dict[str, Tensor]:
        if self.centres is None:
            projection_B = orthogonal_projection(
                embeddings_BD, identity_B, negative_weight=self.settings.negative_weight
            )
            return {"orthogonal_projection": projection_B}
        centres_BD, distance = self.centres.of(identity_B), self.settings.distance
        pull_B = centre_pull(drawn_BD, centres_BD, distance=distance)
        if self.settings.loss == "centre":
            return {"centre": pull_B}
        push_B = git_push(drawn_BD, centres_BD, distance=distance, exclude_same_identity=identity_B)
        return {"centre": pull_B, "git": push_B}

    def _items(self, voices: Bag, faces: Bag, step: int) -> Tensor:
        """The items of this step's stretch of the stream, row by row: one of each row, or both (2B)."""
        order = self.settings.item_order
        if order in PAIRED:
            pair = [self._voices(voices), self._faces(faces)]
            return torch.stack(pair if order == "vfvf" else pair[::-1], dim=1).flatten(0, 1)
        if order == "random":
            mixed_B = torch.randperm(len(voices.inputs)).to(voices.inputs.device)
            heard_B, seen_B = mixed_B.tensor_split(2)
            items_BD = torch.cat([self._voices(voices, heard_B), self._faces(faces, seen_B)])
            return items_BD[mixed_B.argsort()]
        return self._faces(faces) if self._takes_faces(step, len(faces.inputs)) else self._voices(voices)

    def _takes_faces(self, step: int, items: int) -> bool:
        """Whether the step takes faces, for the orders that go through one modality after the other."""
        faces_steps, voices_steps = max(1, self.crowd.faces // items), max(1, self.crowd.clips // items)
        place = step % (faces_steps + voices_steps)
        if self.settings.item_order == "hefhev":
            return place < faces_steps
        return place >= voices_steps

    def _voices(self, voices: Bag, chosen_B: Tensor | None = None) -> Tensor:
        inputs = voices.inputs if chosen_B is None else voices.inputs[chosen_B]
        return self.stream.enter(self.voice(inputs), "voice")

    def _faces(self, faces: Bag, chosen_B: Tensor | None = None) -> Tensor:
        inputs = faces.inputs if chosen_B is None else faces.inputs[chosen_B]
        return self.stream.enter(self.face(inputs), "face")
