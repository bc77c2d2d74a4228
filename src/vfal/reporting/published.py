"""Numbers that the method's authors printed. Other people, other media: never in one column with ours."""

import pandas as pd

SOURCE = "Wen et al., Seeking the Shape of Sound, CVPR 2021: VoxCeleb1 and VGGFace, protocol S"

# Percent. U: all identities, G: same gender.
_ROWS = {
    "Seeking the shape": ("87.2", "86.5", "77.7", "75.3", "87.2", "87.0", "5.5", "5.8"),
    "Without weights (-W)": ("85.5", "85.2", "76.3", "74.7", "85.8", "85.3", "6.5", "6.2"),
}
_COLUMNS = [
    "1:2 U v2f", "1:2 U f2v", "1:2 G v2f", "1:2 G f2v", "AUC v2f", "AUC f2v", "mAP v2f", "mAP f2v",
]  # fmt: skip


def published() -> pd.DataFrame:
    """The paper's own row and its ablation -W, as printed, in percent."""
    return pd.DataFrame.from_dict(_ROWS, orient="index", columns=_COLUMNS)
