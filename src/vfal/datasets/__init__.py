"""The shelf of data sets: one line per entry."""

from vfal.core.shelf import take_down
from vfal.dataset import Dataset

SHELF = {
    "folder": "vfal.datasets.folder:Folder",
    "generated": "vfal.datasets.generated.entry:Generated",
    "mav_celeb": "vfal.datasets.mav_celeb:MavCeleb",
    "vfal_eva_features": "vfal.datasets.vfal_eva_features:VfalEvaFeatures",
    "vox1_vggface": "vfal.datasets.vox1_vggface:Vox1VggFace",
    "vox1_video": "vfal.datasets.vox1_video:Vox1Video",
    "vox2_vggface2": "vfal.datasets.vox2_vggface2:Vox2VggFace2",
}


def get_dataset(name: str) -> Dataset:
    """The data set of that name."""
    entry: type[Dataset] = take_down(SHELF, name, "collect.dataset")
    return entry()
