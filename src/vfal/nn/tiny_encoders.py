"""The small published encoders of AML and DSANet: pictures or decibel spectrograms in, maps out."""

from typing import ClassVar

from torch import Tensor, nn

from vfal.core.errors import DataError
from vfal.core.types import Modality
from vfal.nn.decibel_spectrogram import DecibelSpectrogram

SIDE = 224  # pixels


class _FaceMaps(nn.Module):
    modality: ClassVar[Modality] = "face"
    transform: nn.Sequential

    def forward(self, faces_BCHW: Tensor) -> Tensor:
        """Features, (B, width)."""
        if faces_BCHW.shape[1:] != (3, SIDE, SIDE):
            raise DataError(
                f"faces: found {tuple(faces_BCHW.shape)}, expected (B, 3, {SIDE}, {SIDE}). Set "
                f"preprocess.face_px: {SIDE}."
            )
        features: Tensor = self.transform(faces_BCHW).flatten(1)
        return features


class _VoiceMaps(nn.Module):
    modality: ClassVar[Modality] = "voice"
    transform: nn.Sequential
    front_end: DecibelSpectrogram

    def forward(self, wave_BT: Tensor) -> Tensor:
        """Features, (B, width)."""
        features: Tensor = self.transform(self.front_end(wave_BT)).flatten(1)
        return features


class AMLFace(_FaceMaps):
    """Faces (B, 3, 224, 224), RGB in [-1, 1], to features (B, 3200), 32 maps of 10 x 10.

    Layers stand under their published names. Source: MLanHu/AML:network.py, Frame_net.
    """

    def __init__(self) -> None:
        super().__init__()
        self.width = 3200
        self.transform = nn.Sequential(
            *(nn.Conv2d(3, 3, 7, 2, 3), nn.AvgPool2d(2), nn.BatchNorm2d(3), nn.LeakyReLU(0.2)),
            *(nn.Conv2d(3, 5, 5, 2, 2), nn.AvgPool2d(2), nn.BatchNorm2d(5), nn.LeakyReLU(0.2)),
            *(nn.Conv2d(5, 8, 2, 1, 4), nn.BatchNorm2d(8), nn.LeakyReLU(0.2)),
            *(nn.Conv2d(8, 16, 3, 1, 1), nn.BatchNorm2d(16)),
            *(nn.Conv2d(16, 32, 3, 1, 1), nn.MaxPool2d(2), nn.LeakyReLU(0.2)),
        )


class AMLVoice(_VoiceMaps):
    """Waveform (B, T), 16 kHz, int16 scale, to features (B, 3200), 32 maps of 10 x 10.

    Source: MLanHu/AML:network.py, Audio_net.
    """

    def __init__(self) -> None:
        super().__init__()
        self.width = 3200
        self.front_end = DecibelSpectrogram("half")
        self.transform = nn.Sequential(
            *(nn.Conv2d(1, 3, 5, (2, 1), 1), nn.AvgPool2d((3, 5), 2), nn.BatchNorm2d(3), nn.LeakyReLU(0.2)),
            *(nn.Conv2d(3, 5, (3, 6), 2, 1), nn.BatchNorm2d(5), nn.AvgPool2d(3, 2), nn.LeakyReLU(0.2)),
            *(nn.Conv2d(5, 8, 3, 1, 1), nn.BatchNorm2d(8)),
            *(nn.Conv2d(8, 16, 3, 1, 1), nn.BatchNorm2d(16)),
            *(nn.Conv2d(16, 32, 3, 1, 1), nn.MaxPool2d((4, 5), 1), nn.LeakyReLU(0.2)),
        )


class DSANetFace(_FaceMaps):
    """Faces (B, 3, 224, 224), RGB in [-1, 1], to features (B, 4608), 32 maps of 12 x 12.

    Source: w1018979952/DSANet:model_source.py, feature_extractor.
    """

    def __init__(self) -> None:
        super().__init__()
        self.width = 4608
        self.transform = nn.Sequential(
            *(nn.Conv2d(3, 3, 7, 2, 3), nn.AvgPool2d(2), nn.BatchNorm2d(3), nn.LeakyReLU(0.2)),
            *(nn.Conv2d(3, 6, 5, 2, 2), nn.AvgPool2d(2, 2, 1), nn.BatchNorm2d(6), nn.LeakyReLU(0.2)),
            *(nn.Conv2d(6, 12, 2, 1, 4), nn.BatchNorm2d(12), nn.LeakyReLU(0.2)),
            *(nn.Conv2d(12, 16, 3, 1, 1), nn.BatchNorm2d(16)),
            *(nn.Conv2d(16, 32, 3, 1, 1), nn.BatchNorm2d(32), nn.AvgPool2d(2, 2, 1), nn.LeakyReLU(0.2)),
        )


class DSANetVoice(_VoiceMaps):
    """Waveform (B, T), 16 kHz, int16 scale, to features (B, 4608), 32 maps of 12 x 12.

    Source: w1018979952/DSANet:model_source.py, feature_extractor.
    """

    def __init__(self) -> None:
        super().__init__()
        self.width = 4608
        self.front_end = DecibelSpectrogram("unit")
        self.transform = nn.Sequential(
            *(nn.Conv2d(1, 3, 5, (2, 1), 1), nn.AvgPool2d((3, 5), 2), nn.BatchNorm2d(3), nn.LeakyReLU(0.2)),
            *(nn.Conv2d(3, 6, (3, 6), 2, 1), nn.BatchNorm2d(6), nn.AvgPool2d(3, 2), nn.LeakyReLU(0.2)),
            *(nn.Conv2d(6, 12, 3, 1, 1), nn.BatchNorm2d(12)),
            *(nn.Conv2d(12, 16, 3, 1, 1), nn.BatchNorm2d(16)),
            *(nn.Conv2d(16, 32, 3, 1, 1), nn.AvgPool2d((4, 5), 1, 1), nn.BatchNorm2d(32), nn.LeakyReLU(0.2)),
        )
