"""Self-attention over the places of a feature map, as in SAGAN."""

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d
from torch.nn.utils.parametrizations import spectral_norm


class MapAttention(nn.Module):
    """Maps (B, C, H, W) to x + gamma * what every place gathers from all others; gamma is 0 at first.

    Queries and keys have C / 8 channels, values C / 2; all four 1 x 1 convolutions have spectral norm 1.
    Keys and values are max-pooled 2 x 2, so H and W must be even. The keys have no bias, which would not
    change any attention. Source: Zhang et al. 2019 (SAGAN); w1018979952/DSANet:model_source.py.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        small, half = channels // 8, channels // 2
        self.queries = spectral_norm(nn.Conv2d(channels, small, 1))
        self.keys = spectral_norm(nn.Conv2d(channels, small, 1, bias=False))
        self.values = spectral_norm(nn.Conv2d(channels, half, 1))
        self.output = spectral_norm(nn.Conv2d(half, channels, 1))
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, maps_BCHW: Tensor) -> Tensor:
        """Maps of the same shape."""
        queries_BCP = self.queries(maps_BCHW).flatten(2)
        keys_BCQ = max_pool2d(self.keys(maps_BCHW), 2).flatten(2)
        values_BCQ = max_pool2d(self.values(maps_BCHW), 2).flatten(2)
        weight_BPQ = (queries_BCP.transpose(1, 2) @ keys_BCQ).softmax(dim=2)
        gathered_BCP = values_BCQ @ weight_BPQ.transpose(1, 2)
        gathered_BCHW = gathered_BCP.reshape(*gathered_BCP.shape[:2], *maps_BCHW.shape[2:])
        return maps_BCHW + self.gamma * self.output(gathered_BCHW)  # type: ignore[no-any-return]
