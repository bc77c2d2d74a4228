"""A network that looks at a voice and a face together and says whether they are one person."""

import torch
from torch import Tensor, nn

ELEMENTS_AT_ONCE = 1 << 18  # hidden units of a block of pairs: 1 MB, which stays in a core's cache


class PairHead(nn.Module):
    """Voice and face embeddings of one width to the logit of being one person.

    ReLU, both side by side through a hidden layer with ReLU, linear. The hidden layer of two vectors side
    by side is the sum of two layers of one vector each, so a matrix of N voices and M faces costs N + M
    products with its weights and one addition per pair. Source: TaoRuijie/MFV-KSD:model/fusion.py, loss.py;
    one output instead of two, which is the difference of theirs.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.of_voice, self.of_face = nn.Linear(width, hidden), nn.Linear(width, hidden, bias=False)
        self.output = nn.Linear(hidden, 1)
        for layer in (self.of_voice, self.of_face):  # as one layer of 2 x width inputs would begin
            nn.init.uniform_(layer.weight, -((2 * width) ** -0.5), (2 * width) ** -0.5)
        nn.init.uniform_(self.of_voice.bias, -((2 * width) ** -0.5), (2 * width) ** -0.5)

    def forward(self, voices_PD: Tensor, faces_PD: Tensor) -> Tensor:
        """Logits (P,) of row i with row i."""
        return self._output(self.of_voice(voices_PD.relu()) + self.of_face(faces_PD.relu()))

    def matrix(self, voices_ND: Tensor, faces_MD: Tensor) -> Tensor:
        """Logits (N, M) of every voice with every face; hidden units are held for a block of pairs only."""
        voices_NH, faces_MH = self.of_voice(voices_ND.relu()), self.of_face(faces_MD.relu())
        rows = max(1, ELEMENTS_AT_ONCE // max(faces_MH.numel(), 1))
        blocks = [self._output(part_NH[:, None] + faces_MH) for part_NH in voices_NH.split(rows)]
        return torch.cat(blocks)

    def _output(self, hidden: Tensor) -> Tensor:
        # In place, for the sum is nobody else's: a second block of memory costs more than all the rest.
        return self.output(hidden.relu_()).squeeze(-1)  # type: ignore[no-any-return]
