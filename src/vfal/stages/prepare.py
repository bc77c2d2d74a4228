"""prepare: identity-disjoint splits and frozen trial lists."""

from vfal.core.config.params import Params
from vfal.core.files import write_json
from vfal.core.paths import KNOWN_SPLITS, PREPARED, RAW, REPORTS, WITHDRAWN
from vfal.core.tables import CLIP_COLUMNS, FACE_COLUMNS, IDENTITY_COLUMNS, read_table, write_table
from vfal.data.official_splits import official_split
from vfal.data.people_lists import read_splits, read_withdrawn
from vfal.data.splits import family_of, in_heard_language, split_identities, with_both
from vfal.data.trials import make_trials


def run(params: Params) -> None:
    """Write `data/prepared`: the tables of the people taken, and the trial lists of val and test."""
    settings = params.prepare
    everybody = read_table(RAW / "identities.parquet", IDENTITY_COLUMNS)
    clips = read_table(RAW / "clips.parquet", CLIP_COLUMNS)
    faces = read_table(RAW / "faces.parquet", FACE_COLUMNS)
    complete = with_both(everybody, clips, faces)
    withdrawn = read_withdrawn(WITHDRAWN)["identity"].tolist()
    if settings.split == "seeded":
        known = read_splits(KNOWN_SPLITS)
    else:
        known = official_split(complete, settings, withdrawn=len(withdrawn))
    identities = split_identities(
        complete, settings.identities, seed=settings.seed, withdrawn=withdrawn, known=known
    )
    # Items of people left out go too; items of people nobody knows stay, for `validate` to name.
    left_out = set(everybody["identity"]) - set(identities["identity"])
    clips, faces = (
        in_heard_language(table[~table["identity"].isin(left_out)], identities, settings.heard_language)
        for table in (clips, faces)
    )
    write_table(PREPARED / "identities.parquet", identities)
    write_table(PREPARED / "clips.parquet", clips)
    write_table(PREPARED / "faces.parquet", faces)
    readable_clips, readable_faces = (table[table["problem"] == ""] for table in (clips, faces))
    counts: dict[str, int] = {}
    for split in ("val", "test"):
        trials = make_trials(
            identities,
            readable_clips,
            readable_faces,
            split=split,
            seed=settings.seed,
            settings=settings.trials,
        )
        for name, table in trials.items():
            write_table(PREPARED / "trials" / f"{split}_{name}.parquet", table)
            counts[f"{split}_{name}"] = len(table)
    write_json(PREPARED / "split.json", {"family": family_of(settings)})
    write_json(
        REPORTS / "prepare.json",
        {
            "identities": identities["split"].value_counts().to_dict(),
            "left_out": len(left_out),
            "without_files": sorted(set(everybody["identity"]) - set(complete["identity"])),
            "clips": len(clips),
            "faces": len(faces),
            "trials": counts,
        },
    )
