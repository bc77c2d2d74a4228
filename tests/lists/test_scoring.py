"""Embeddings on lists, against plain loops over the same rows."""

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest

from vfal.cli import main
from vfal.core.errors import ConfigError, DataError, EmbeddingError
from vfal.lists import approximate
from vfal.lists.asked import ScoreSettings
from vfal.lists.commands import run_score
from vfal.lists.outcome import as_table, differences, score_files
from vfal.lists.people import NOBODY
from vfal.lists.replicas import REPLICAS
from vfal.lists.vectors import read_vectors

CHOICES = {
    "list_format": "auto",
    "replicate": "",
    "meta": [],
    "intervals": False,
    "missing": "error",
    "breakdown": [],
    "recall_at": [],
    "approximate": False,
    "scorer": None,
    "against": [],
    "json_file": None,
}


def outcomes(corpus, files, *, people=None, settings=None, embeddings=None, replicates=50):
    people = corpus.people if people is None else people
    vectors = read_vectors([embeddings or corpus.npz()], people)
    return score_files(files, vectors, people, settings or ScoreSettings(), replicates=replicates)


def values(outcome) -> dict[str, float]:
    return {name: record["value"] for name, record in outcome.records.items()}


@pytest.mark.parametrize("direction", ["v2f", "f2v"])
def test_matching_of_every_prefix_is_the_mean_over_rows(corpus, direction):
    lines = corpus.match_lines(direction, wrong=3)
    (found,) = outcomes(corpus, [corpus.write(f"match_{direction}_4_test.txt", lines)])
    for size in (2, 3, 4):
        right = 0
        for line in lines:
            probe, *candidates = line.split()
            scores = [corpus.cosine(probe, candidate) for candidate in candidates[:size]]
            right += int(np.argmax(scores) == 0)
        record = found.records[f"matching_1_{size}/{direction}/all/accuracy"]
        assert record["value"] == pytest.approx(right / len(lines))
        assert (record["trials"], record["identities"], record["ties"]) == (len(lines), 8, 0)
        assert record["low"] <= record["value"] <= record["high"]


def test_verification_is_the_share_of_pairs_won_and_never_looks_at_parity(corpus):
    lines = corpus.verify_lines("v2f")
    (found,) = outcomes(corpus, [corpus.write("verify_v2f_x.txt", lines)])
    scores = {True: [], False: []}
    for line in lines:
        voice, face = line.split()
        scores[corpus.owner[voice] == corpus.owner[face]].append(corpus.cosine(voice, face))
    won = np.mean([p > n for p in scores[True] for n in scores[False]])
    assert values(found)["verification/v2f/all/auc"] == pytest.approx(won)
    assert set(values(found)) == {f"verification/v2f/all/{metric}" for metric in ("auc", "eer", "min_dcf")}


def test_retrieval_ranks_the_whole_gallery(corpus):
    lines = [" ".join(corpus.voices), " ".join(corpus.faces)]
    (found,) = outcomes(corpus, [corpus.write("reterival_v2f_x.txt", lines)])
    precision = []
    for voice in corpus.voices:
        order = sorted(corpus.faces, key=lambda face: -corpus.cosine(voice, face))
        ranks = [place for place, face in enumerate(order, 1) if corpus.owner[face] == corpus.owner[voice]]
        precision.append(np.mean([k / rank for k, rank in enumerate(ranks, 1)]))
    assert values(found)["retrieval/v2f/all/map"] == pytest.approx(np.mean(precision))


def test_numbers_can_be_broken_down_by_gender_and_nationality(corpus):
    path = corpus.write("match_v2f_2_x.txt", corpus.match_lines("v2f"))
    (found,) = outcomes(corpus, [path], settings=ScoreSettings(breakdown=("gender", "nationality")))
    records = found.records
    parts = [records[f"matching_1_2/v2f/all:{part}/accuracy"] for part in ("gender=f", "gender=m")]
    whole = records["matching_1_2/v2f/all/accuracy"]
    assert sum(part["trials"] for part in parts) == whole["trials"]
    assert sum(part["value"] * part["trials"] for part in parts) == pytest.approx(
        whole["value"] * whole["trials"]
    )
    assert "matching_1_2/v2f/all:nationality=Land A/accuracy" in records


def test_a_vector_that_is_missing_is_named_or_its_trials_are_dropped(corpus):
    lines = corpus.match_lines("v2f")
    path = corpus.write("match_v2f_2_x.txt", lines)
    lacking = corpus.npz(paths=[p for p in corpus.vector if p != corpus.voices[2]])
    with pytest.raises(
        EmbeddingError, match=rf"row 3: '{corpus.voices[2]}' has no vector in .*e\.npz .*1 of"
    ):
        outcomes(corpus, [path], embeddings=lacking)
    (found,) = outcomes(corpus, [path], embeddings=lacking, settings=ScoreSettings(drop_missing=True))
    assert found.records["matching_1_2/v2f/all/accuracy"]["trials"] == len(lines) - 1
    assert found.notes == [f"1 of {len(lines)} trials name an item without a vector and are left out"]


def test_a_constant_model_is_refused(corpus):
    path = corpus.write("match_v2f_2_x.txt", corpus.match_lines("v2f"))
    same = {item: np.ones(6, dtype=np.float32) for item in corpus.vector}
    for settings in (ScoreSettings(), ScoreSettings(replica=REPLICAS["ssos"])):
        with pytest.raises(EmbeddingError, match=r"all .* rows are the same"):
            outcomes(corpus, [path], embeddings=corpus.npz(**same), settings=settings)


def test_ties_are_counted_and_earn_what_the_rule_says(corpus):
    lines = corpus.match_lines("v2f")
    probe, right, wrong = lines[0].split()
    path = corpus.write("match_v2f_2_x.txt", [f"{probe} {right} {wrong}"] * 3 + lines[1:2])
    equal = corpus.npz(**{wrong: corpus.vector[right]})
    earned = {}
    for name in (None, "ssos", "vfal_eva"):
        settings = ScoreSettings(replica=REPLICAS[name] if name else None)
        (found,) = outcomes(corpus, [path], embeddings=equal, settings=settings)
        record = found.records["matching_1_2/v2f/all/accuracy"]
        assert record["ties"] == 3
        earned[name] = record["value"] * 4
    assert earned["ssos"] - earned["vfal_eva"] == pytest.approx(3)
    assert earned[None] - earned["vfal_eva"] == pytest.approx(1.5)


def test_retrieval_groups_of_vfal_eva_are_averaged(corpus):
    groups = []
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(8)
        first = {
            row: (corpus.voices[i], corpus.faces[i])
            for i in reversed(range(len(corpus.voices)))
            for row in [corpus.owner[corpus.voices[i]]]
        }
        groups.append([(*first[row], corpus.names[row]) for row in order[:6]])
    path = corpus.folder / "test_retrieval.pkl"
    path.write_bytes(pickle.dumps({"retrieval_lists": groups}))
    found = {one.name: one for one in outcomes(corpus, [path])}
    each = [values(found[f"test_retrieval.pkl#{i}"])["retrieval/f2v/all/map"] for i in (1, 2, 3)]
    mean = found["test_retrieval.pkl"]
    assert values(mean)["retrieval/f2v/all/map"] == pytest.approx(np.mean(each))
    assert len(mean.records) == 8


def test_four_lists_of_fame_get_their_mean(corpus):
    rng = np.random.default_rng(0)
    paths = [
        [f"{side}/English/{i:05d}.{end}" for i in range(40)]
        for side, end in (("voices", "wav"), ("faces", "jpg"))
    ]
    vectors = {path: rng.normal(size=4) for side in paths for path in side}
    np.savez(corpus.folder / "m.npz", paths=np.array(list(vectors)), vectors=np.stack(list(vectors.values())))
    files = []
    for name in ("English", "Urdu"):
        rows = [f"k{i:07d} {rng.integers(2)} {v} {f}" for i, (v, f) in enumerate(zip(*paths, strict=True))]
        files.append(corpus.write(f"{name}_test.txt", rows))
    settings = ScoreSettings(replica=REPLICAS["fame"])
    *each, mean = outcomes(
        corpus, files, people=NOBODY, settings=settings, embeddings=corpus.folder / "m.npz"
    )
    name = "verification/v2f/all/eer_brentq"
    assert values(mean)[name] == pytest.approx(np.mean([values(one)[name] for one in each]))
    assert "resample probe items" in each[0].notes[0]


def test_a_list_without_truth_is_answered_and_not_scored(corpus):
    path = corpus.write(
        "English_test.txt",
        [f"key{i} {v} {f}" for i, (v, f) in enumerate(zip(corpus.voices, corpus.faces, strict=True))],
    )
    with pytest.raises(DataError, match=r"no truth; it can be answered \(vfal submit-fame\)"):
        outcomes(corpus, [path])


def test_the_command_writes_every_number_under_its_full_name(corpus, monkeypatch, capsys):
    path = corpus.write("match_v2f_2_x.txt", corpus.match_lines("v2f"))
    other = corpus.write("verify_g_f2v_x.txt", corpus.verify_lines("f2v"))
    told = corpus.folder / "out.json"
    words = [
        "score",
        "--embeddings",
        corpus.npz(),
        "--list",
        path,
        "--list",
        other,
        "--json",
        told,
        "--no-intervals",
    ]
    monkeypatch.setattr("sys.argv", ["vfal", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    found = json.loads(told.read_text())
    assert found["people"] == str(corpus.meta) and found["rules"] == "report"
    metrics = found["lists"]["verify_g_f2v_x.txt"]["metrics"]
    assert metrics["verification/f2v/same_gender/auc"]["low"] is None
    assert "matching_1_2/v2f/all/accuracy" in capsys.readouterr().out


def test_unknown_choices_get_the_nearest_name(corpus):
    for changed, sentence in (
        ({"replicate": "ssso"}, "--replicate 'ssso': no such choice. Did you mean 'ssos'"),
        ({"breakdown": ["gendre"]}, "Did you mean 'gender'"),
        ({"missing": "skip"}, "Known: error, drop"),
    ):
        with pytest.raises(ConfigError, match=sentence):
            run_score([corpus.npz()], [], **(CHOICES | changed))


class FakeIndex:
    """Exact search behind the names of faiss that are used."""

    METRIC_INNER_PRODUCT = 0

    def __init__(self, *_: object) -> None:
        self.nprobe = 1

    IndexIVFFlat = IndexFlatIP = property(lambda self: FakeIndex)

    def train(self, gallery: np.ndarray) -> None:
        self.gallery = gallery

    add = train

    def search(self, probes: np.ndarray, most: int) -> tuple[None, np.ndarray]:
        return None, np.argsort(-(probes @ self.gallery.T), axis=1)[:, :most]


def test_approximate_retrieval_says_what_it_misses(corpus, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "faiss", FakeIndex())
    path = corpus.write("reterival_v2f_x.txt", [" ".join(corpus.voices), " ".join(corpus.faces)])
    exact, near = (
        outcomes(corpus, [path], settings=ScoreSettings(approximate=flag))[0] for flag in (False, True)
    )
    for k in (1, 5, 10):
        pair = [
            one.records[f"{name}/v2f/all/recall_at_{k}"]
            for one, name in ((exact, "retrieval"), (near, "retrieval_approximate"))
        ]
        assert pair[0]["value"] == pair[1]["value"] and pair[0]["chance"] == pytest.approx(pair[1]["chance"])
    assert values(near)["retrieval_approximate/v2f/all/search_recall_at_10"] == 1
    assert any("lower bound" in note for note in near.notes)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of its wrapper, while it is imported
def test_faiss_itself_finds_most_of_what_exact_search_finds():
    rng = np.random.default_rng(0)
    people_M, people_N = np.arange(4000) % 50, np.arange(300) % 50
    own_ID = rng.standard_normal((50, 16))
    sides = [(3 * own_ID[who] + rng.standard_normal((len(who), 16)), who) for who in (people_N, people_M)]
    found = approximate.approximate_findings(*sides[0], *sides[1], recall_at=(1, 5))
    numbers = {one.metric: one.evidence.value for one in found}
    assert 0.5 < numbers["search_recall_at_5"] <= 1
    assert 0.5 < numbers["recall_at_1"] <= numbers["recall_at_5"] <= 1


def test_the_table_has_a_row_per_number(corpus):
    path = corpus.write("match_v2f_3_x.txt", corpus.match_lines("v2f", wrong=2))
    table = as_table(outcomes(corpus, [path], settings=replace(ScoreSettings(), recall_at=(1,))))
    assert table["metric"].tolist() == ["matching_1_2/v2f/all/accuracy", "matching_1_3/v2f/all/accuracy"]


def test_two_models_are_compared_person_by_person(corpus, capsys):
    path = corpus.write("match_v2f_2_x.txt", corpus.match_lines("v2f"))
    rng = np.random.default_rng(1)
    worse = {
        item: vector + 3 * rng.normal(size=6).astype(np.float32) for item, vector in corpus.vector.items()
    }
    files = [corpus.npz("good.npz"), corpus.npz("bad.npz", **worse)]
    good, bad = (outcomes(corpus, [path], embeddings=file) for file in files)
    name = "matching_1_2/v2f/all/accuracy"
    found = differences(bad, good, level=0.95)["match_v2f_2_x.txt"][name]
    assert found.value == pytest.approx(values(good[0])[name] - values(bad[0])[name])
    assert found.low <= found.value <= found.high
    told = corpus.folder / "o.json"
    run_score(files[:1], [path], **(CHOICES | {"intervals": True, "against": files[1:], "json_file": told}))
    written = json.loads(told.read_text())["against"]["differences"]
    assert written["match_v2f_2_x.txt"][name]["value"] == found.value
    assert "95% paired" in capsys.readouterr().out
