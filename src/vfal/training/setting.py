"""Everything a training stage of the main method reads, put together for each seed."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from vfal.core.config.params import Params
from vfal.core.paths import ENCODERS, FEATURES, MEDIA, PREPARED
from vfal.core.state import fingerprint, remove_work, work_folder
from vfal.core.tables import read_table
from vfal.training.material import Material, feature_material, media_material
from vfal.training.phases import METHOD, Setting
from vfal.training.processes import meet
from vfal.training.record import name_curve


def load_material(params: Params) -> Material:
    """Frozen features or packed media, as the main method's regime says."""
    settings = params.methods.seeking_the_shape
    if settings.regime == "features":
        return feature_material(FEATURES)
    return media_material(MEDIA, params, settings.augmentation)


def identities_of(split: str) -> list[str]:
    """The people of a split, in the order of their ids."""
    people = read_table(PREPARED / "identities.parquet", ["identity", "split"])
    return people.loc[people["split"] == split, "identity"].tolist()


def each_seed(
    params: Params,
    material: Material,
    stage: str,
    *,
    reads: Sequence[str],
    inputs: Callable[[int], Sequence[Path]],
) -> Iterator[Setting]:
    """A `Setting` per training seed, its checkpoints under a fingerprint of all it depends on.

    `reads` are the blocks of params.yaml that matter, `inputs` the files beside the material. The
    checkpoints are removed when the last seed is done: a run killed between two seeds finds the
    finished ones by them.
    """
    raw = params.methods.seeking_the_shape.regime == "raw"
    sources = [PREPARED, MEDIA, ENCODERS] if raw else [PREPARED, FEATURES]
    blocks = dict.fromkeys([*reads, "machine", "preprocess", "pretrain", "embed"], True)
    chosen = params.model_dump(include=blocks | {"methods": {METHOD}})
    identities, folders = identities_of("train"), []
    for seed in params.seeds:
        work = work_folder(stage, fingerprint(stage, chosen | {"seed": seed}, [*sources, *inputs(seed)]))
        name_curve(work, f"seed_{seed}")
        yield Setting(params, material, identities, ENCODERS, seed, work)
        folders.append(work)
    meet()  # what the leading process has written is read by all in the next phase
    for folder in folders:
        remove_work(folder)
