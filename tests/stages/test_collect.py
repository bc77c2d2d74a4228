from pathlib import Path

import pandas as pd
import pytest

from vfal.core.config.params import Params
from vfal.core.errors import ConfigError, DataError
from vfal.core.files import read_json
from vfal.core.tables import CLIP_COLUMNS, FACE_COLUMNS, IDENTITY_COLUMNS, read_table
from vfal.stages.collect import run

from ..tiny_corpus import write_corpus
from ..tiny_params import tiny_params

GENERATED = {
    "collect__generated__people": 8,
    "collect__generated__clips_each": 2,
    "collect__generated__faces_each": 2,
    "collect__generated__face_px": 32,
    "prepare__identities": {"pretrain": 2, "train": 2, "val": 2, "test": 2},
    "pretrain__batch_identities": 2,
    "warm_up__batch_size": 2,
    "retrain__batch_size": 2,
    "weigh_identities__initial_ratio": 0.5,
    "weigh_identities__growth_ratio": 0.5,
    "machine__workers": 1,
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VFAL_STATE", raising=False)
    return tmp_path


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_a_real_corpus_is_taken_by_reference(params: Params, finished: Path) -> None:
    assert read_json(Path("data/raw/corpus.json")) == {
        "dataset": "vox1_vggface",
        "root": str((finished / "corpus").resolve()),
    }
    assert len(read_table(Path("data/raw/identities.parquet"), IDENTITY_COLUMNS)) == 40
    assert len(read_table(Path("data/raw/clips.parquet"), CLIP_COLUMNS)) == 120
    assert len(read_table(Path("data/raw/faces.parquet"), FACE_COLUMNS)) == 120
    assert not Path("data/raw/tree").exists()


def test_of_real_people_no_truth_is_known(params: Params) -> None:
    assert read_table(Path("data/raw/truth.parquet"), ["identity", "personalised"]).empty


def test_generated_people_come_with_their_files_and_their_truth(here: Path) -> None:
    run(tiny_params(**GENERATED))
    assert read_json(here / "data/raw/corpus.json")["root"] == "data/raw/tree"
    clips = read_table(here / "data/raw/clips.parquet", CLIP_COLUMNS)
    assert len(clips) == 16 and (clips["problem"] == "").all()
    assert all((here / "data/raw/tree" / path).is_file() for path in clips["path"])
    truth = read_table(here / "data/raw/truth.parquet", ["identity", "personalised"])
    assert truth["personalised"].dtype == bool and len(truth) == 8


def test_collecting_again_gives_the_same_bytes(here: Path) -> None:
    run(tiny_params(**GENERATED))
    first = files(here / "data/raw")
    run(tiny_params(**GENERATED))
    assert files(here / "data/raw") == first
    assert not list((here / ".state/collect").iterdir())


def test_half_a_tree_is_completed_to_the_same_bytes(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tiny_params(**GENERATED))
    first = files(here / "data/raw")

    def killed(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as context, pytest.raises(KeyboardInterrupt):
        context.setattr("vfal.datasets.generated.entry.list_corpus", killed)
        run(tiny_params(**GENERATED))
    tree = next((here / ".state/collect").iterdir()) / "tree"
    made = sorted(tree.rglob("*.wav"))
    made[0].unlink()
    time = made[1].stat().st_mtime_ns
    run(tiny_params(**GENERATED))
    assert files(here / "data/raw") == first
    assert (here / "data/raw/tree" / made[1].relative_to(tree)).stat().st_mtime_ns == time


def test_a_corpus_that_is_not_there_is_refused_by_the_key(here: Path) -> None:
    with pytest.raises(
        DataError, match=r"collect.root: 'nowhere' is not a folder. Expected the folder that holds wav/"
    ):
        run(tiny_params(collect__dataset="vox1_vggface", collect__root="nowhere"))


def test_an_unknown_data_set_is_refused_with_the_nearest_one(here: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"collect.dataset: unknown name 'vox1_vgface'. Did you mean 'vox1_vggface'"
    ):
        run(tiny_params(collect__dataset="vox1_vgface"))


def test_an_empty_corpus_is_refused_and_leaves_no_table(here: Path) -> None:
    root = write_corpus(here / "corpus", people=2, clips=1, faces=1)
    for path in root.rglob("*.jpg"):
        path.unlink()
    with pytest.raises(DataError, match="the corpus is empty"):
        run(tiny_params(collect__dataset="vox1_vggface", collect__root=str(root)))
    assert not (here / "data").exists()


def test_files_do_not_move_when_people_are_added_to_the_corpus(here: Path) -> None:
    settings = {"collect__dataset": "vox1_vggface", "machine__workers": 1}
    small = write_corpus(here / "small", people=3, clips=2, faces=2)
    large = write_corpus(here / "large", people=5, clips=2, faces=2)
    run(tiny_params(**settings, collect__root=str(small)))
    before = pd.read_parquet("data/raw/clips.parquet")
    run(tiny_params(**settings, collect__root=str(large)))
    after = pd.read_parquet("data/raw/clips.parquet")
    pd.testing.assert_frame_equal(before, after.iloc[: len(before)])


def test_of_somebody_who_withdrew_nothing_is_made_and_everybody_else_stays_the_same(here: Path) -> None:
    run(tiny_params(**GENERATED))
    first = files(here / "data/raw")
    people = read_table(here / "data/raw/identities.parquet", IDENTITY_COLUMNS)
    gone = people.iloc[3]
    (here / "withdrawn.csv").write_text(f"identity,date,reason\n{gone['identity']},2026-11-21,\n")
    run(tiny_params(**GENERATED))
    left = files(here / "data/raw")
    assert not [path for path in left if gone["identity"] in path or gone["name"] in path]
    assert not [path for path, content in left.items() if gone["identity"].encode() in content]
    media = {path: content for path, content in left.items() if path.endswith((".wav", ".jpg"))}
    assert media == {path: first[path] for path in media} and len(media) == 7 * 4
    for name in ("identities", "clips", "faces", "truth"):
        assert gone["identity"] not in set(read_table(here / f"data/raw/{name}.parquet", [])["identity"])


def test_half_a_tree_with_somebody_who_withdrew_since_is_not_taken_up(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as context, pytest.raises(KeyboardInterrupt):
        context.setattr("vfal.datasets.generated.entry.list_corpus", killed)
        run(tiny_params(**GENERATED))
    (here / "withdrawn.csv").write_text("identity,date,reason\nid10001,2026-11-21,\n")
    run(tiny_params(**GENERATED))
    assert not list((here / "data/raw/tree").rglob("*id10001*"))


def test_a_real_corpus_is_listed_without_opening_files_of_who_withdrew(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = write_corpus(here / "corpus", people=4, clips=2, faces=2)
    for path in [*(corpus / "wav/id10002").rglob("*.wav"), *(corpus / "faces/Person_001").glob("*.jpg")]:
        path.unlink()
        path.symlink_to("nowhere")  # to open one would fail
    (here / "withdrawn.csv").write_text("identity,date,reason\nid10002,2026-11-21,by letter\n")
    run(
        tiny_params(
            **{**GENERATED, "collect__dataset": "vox1_vggface", "collect__root": str(corpus)},
        )
    )
    for name in ("identities", "clips", "faces"):
        table = read_table(here / f"data/raw/{name}.parquet", ["identity"])
        assert set(table["identity"]) == {"id10001", "id10003", "id10004"}
