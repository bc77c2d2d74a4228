"""From waveform to network input: log-mel bands or spectrogram bins. Nothing here is trained."""

import torch
import torchaudio
from torch import Tensor, nn
from torch.nn import functional

from vfal.core.errors import DataError

SAMPLE_RATE_HZ = 16_000
FFT_SAMPLES = 512
WINDOW_SAMPLES = 400  # 25 ms
HOP_SAMPLES = 160  # 10 ms


class LogMel(nn.Module):
    """Waveform (B, T), 16 kHz, int16 scale, to 40 log-mel bands (B, 40, frames), normalised over time.

    Power mel spectrogram (25 ms Hamming window, 10 ms hop, FFT 512), + 1e-6, natural log, then mean 0 and
    variance 1 per band and clip. frames = 1 + T // 160. This is what the published code computes; its
    paper speaks of 257 bins (`LinearSpectrogram`). Source: KID-7391:models/nn/res_se_34l_model.py.
    """

    bands = 40

    def __init__(self) -> None:
        super().__init__()
        self.mel = torchaudio.transforms.MelSpectrogram(
            sample_rate=SAMPLE_RATE_HZ,
            n_fft=FFT_SAMPLES,
            win_length=WINDOW_SAMPLES,
            hop_length=HOP_SAMPLES,
            window_fn=torch.hamming_window,
            n_mels=self.bands,
        )

    @torch.no_grad()
    def forward(self, wave_BT: Tensor) -> Tensor:
        """Normalised log-mel bands; a clip shorter than one window is a `DataError`."""
        with torch.autocast(wave_BT.device.type, enabled=False):
            wave_BT = _checked(wave_BT, self.mel.spectrogram.window)
            return functional.instance_norm((self.mel(wave_BT) + 1e-6).log())


class LinearSpectrogram(nn.Module):
    """Waveform (B, T), 16 kHz, int16 scale, to 257 magnitude bins (B, 257, frames), normalised over time.

    25 ms Hamming window, 10 ms hop, FFT 512; 256 frequencies and the DC component; mean 0 and variance 1
    per bin and clip. frames = 1 + T // 160. Source: "Seeking the Shape of Sound" section 4.2 for bins,
    window and hop; magnitude and normalisation follow the VoxCeleb recipe, as the text is silent on them.
    """

    bands = FFT_SAMPLES // 2 + 1

    def __init__(self) -> None:
        super().__init__()
        self.spectrogram = torchaudio.transforms.Spectrogram(
            n_fft=FFT_SAMPLES,
            win_length=WINDOW_SAMPLES,
            hop_length=HOP_SAMPLES,
            window_fn=torch.hamming_window,
            power=1.0,
        )

    @torch.no_grad()
    def forward(self, wave_BT: Tensor) -> Tensor:
        """Normalised magnitudes; a clip shorter than one window is a `DataError`."""
        with torch.autocast(wave_BT.device.type, enabled=False):
            return functional.instance_norm(self.spectrogram(_checked(wave_BT, self.spectrogram.window)))


def _checked(wave_BT: Tensor, window: Tensor) -> Tensor:
    if wave_BT.ndim != 2 or wave_BT.shape[1] < WINDOW_SAMPLES:
        raise DataError(
            f"waveform batch: found shape {tuple(wave_BT.shape)}, expected (clips, samples) with at least "
            f"{WINDOW_SAMPLES} samples ({WINDOW_SAMPLES * 1000 // SAMPLE_RATE_HZ} ms). Leave out shorter."
        )
    return wave_BT.to(window.dtype)
