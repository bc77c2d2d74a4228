"""Words and letters used everywhere.

Shape letters at the end of a tensor's name:
B items of a batch · N probes · M gallery · D embedding width · I identities · F frequency bins ·
T frames or samples · C H W image · K candidates of a trial.
`sims_NM` is a matrix of N probes by M gallery items; `loss_B` one loss per item.
"""

from typing import Literal

Modality = Literal["voice", "face"]
Direction = Literal["v2f", "f2v"]  # probe to gallery: a voice asks for faces, a face asks for voices
Split = Literal["pretrain", "train", "val", "test"]
Group = Literal["all", "same_gender", "same_nationality"]

MODALITIES: tuple[Modality, ...] = ("voice", "face")
DIRECTIONS: tuple[Direction, ...] = ("v2f", "f2v")
SPLITS: tuple[Split, ...] = ("pretrain", "train", "val", "test")
LEFT_OUT = "left_out"  # in place of a split: of people who are in the corpus and in no split
GROUPS: tuple[Group, ...] = ("all", "same_gender", "same_nationality")

PROBE_OF: dict[Direction, Modality] = {"v2f": "voice", "f2v": "face"}
GALLERY_OF: dict[Direction, Modality] = {"v2f": "face", "f2v": "voice"}
