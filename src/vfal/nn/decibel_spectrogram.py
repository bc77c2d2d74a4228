"""Spectrograms in decibels below the loudest bin: what AML's networks hear. Nothing here is trained."""

from typing import Literal

import torch
import torchaudio
from torch import Tensor, nn

from vfal.core.errors import DataError
from vfal.nn.front_ends import SAMPLE_RATE_HZ, WINDOW_SAMPLES

RATE_HZ = 22_050  # librosa's default
FFT_SAMPLES, HOP_SAMPLES = 2048, 512
BINS, FRAMES = 224, 125  # up to 2.4 kHz, 2.9 s
DYNAMIC_DB = 80.0
LEAST = 1e-5  # amplitude below which everything is as quiet
SAMPLES = HOP_SAMPLES * (FRAMES - 1)
EMPHASIS = 0.97


class DecibelSpectrogram(nn.Module):
    """Waveform (B, T), 16 kHz, int16 scale, to (B, 1, 224, 125): the 224 lowest bins of the first 2.9 s.

    At 22,050 Hz: minus its mean, pre-emphasis 0.97, magnitudes (Hann window, FFT 2048, hop 512, centred)
    in decibels below the loudest, at most 80. `half`: (s - 0.5) / 0.5, which is -161 to -1 (AML);
    `unit`: from the clip's least to its largest as -1 to 1 (DSANet). Shorter clips are repeated.
    Source: MLanHu/AML, w1018979952/DSANet (whose numpy.resize scrambles the bins; they are cut here).
    """

    def __init__(self, scale: Literal["half", "unit"]) -> None:
        super().__init__()
        self.scale = scale
        self.resample = torchaudio.transforms.Resample(SAMPLE_RATE_HZ, RATE_HZ)
        self.spectrogram = torchaudio.transforms.Spectrogram(
            n_fft=FFT_SAMPLES, hop_length=HOP_SAMPLES, power=1.0
        )

    @torch.no_grad()
    def forward(self, wave_BT: Tensor) -> Tensor:
        """Scaled decibels; a clip shorter than 25 ms is a `DataError`."""
        if wave_BT.ndim != 2 or wave_BT.shape[1] < WINDOW_SAMPLES:
            raise DataError(
                f"waveform batch: found shape {tuple(wave_BT.shape)}, expected (clips, samples), at least "
                f"{WINDOW_SAMPLES} samples (25 ms). Leave out shorter."
            )
        with torch.autocast(wave_BT.device.type, enabled=False):
            window = self.spectrogram.window
            wave_BT = self.resample(wave_BT.to(window.dtype) / 2**15)
            wave_BT = wave_BT.repeat(1, -(-SAMPLES // wave_BT.shape[1]))[:, : SAMPLES + FFT_SAMPLES]
            wave_BT = wave_BT - wave_BT.mean(dim=1, keepdim=True)
            wave_BT = torch.cat([wave_BT[:, :1], wave_BT[:, 1:] - EMPHASIS * wave_BT[:, :-1]], dim=1)
            level_BFT = 20 * self.spectrogram(wave_BT).clamp_min(LEAST).log10()
            level_BFT = level_BFT - level_BFT.amax(dim=(1, 2), keepdim=True)
            level_BFT = level_BFT.clamp_min(-DYNAMIC_DB)[:, :BINS, :FRAMES]
            return self._scaled(level_BFT)[:, None]

    def _scaled(self, level_BFT: Tensor) -> Tensor:
        if self.scale == "half":
            return (level_BFT - 0.5) / 0.5
        least_B11 = level_BFT.amin(dim=(1, 2), keepdim=True)
        range_B11 = level_BFT.amax(dim=(1, 2), keepdim=True) - least_B11
        return 2 * (level_BFT - least_B11) / range_B11.clamp_min(LEAST) - 1
