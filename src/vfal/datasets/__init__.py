"""The shelf of data sets: one line per entry."""

from vfal.core.shelf import take_down
from vfal.dataset import Dataset

SHELF = {
    "generated": "vfal.datasets.generated.entry:Generated",
    "vox1_vggface": "vfal.datasets.vox1_vggface:Vox1VggFace",
}


def get_dataset(name: str) -> Dataset:
    """The data set of that name."""
    entry: type[Dataset] = take_down(SHELF, name, "collect.dataset")
    return entry()
