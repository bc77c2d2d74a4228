"""Scoring lists of the size of SSoS, and galleries up to a million, against plain loops.

`python benchmarks/bench_scoring.py [largest gallery]`. The loops do what published evaluation code does,
one trial at a time; of the larger tasks they do a part, and seconds are those of the whole.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from comparing import PLAIN, Row, compare, show
from vfal.evaluation.embeddings import Items
from vfal.evaluation.evidence import MeanPerTrial
from vfal.evaluation.intervals import Resamples
from vfal.evaluation.ranking import rank
from vfal.evaluation.scoring import Cosine, Prepared
from vfal.lists.asked import ScoreSettings
from vfal.lists.crowd import crowd_of_paths
from vfal.lists.make import make_lists
from vfal.lists.outcome import score_files
from vfal.lists.people import People, read_people
from vfal.lists.recipes import get_recipe
from vfal.lists.vectors import read_vectors

VOICES, FACES, PEOPLE, WIDTH = 21_850, 20_076, 189, 128
TRIALS_DONE, PROBES_DONE = 3000, 40  # by the loops
REPLICATES, PLAIN_REPLICATES = 1000, 2  # drawn by a call of ours, and of the plain way
GALLERIES, GALLERY_PROBES, LOOP_PROBES = (10_000, 100_000, 1_000_000), 512, 2


class Corpus:
    """Items under VoxCeleb names, as many as the test split of SSoS has, and the ten lists about them."""

    def __init__(self, folder: Path) -> None:
        rng = np.random.default_rng(1)
        centres = rng.standard_normal((PEOPLE, WIDTH))
        voice_of, face_of = (np.sort(rng.integers(0, PEOPLE, count)) for count in (VOICES, FACES))
        self.paths = [f"id{10117 + who}/abcdefghijk/{i % 100_000:05d}.wav" for i, who in enumerate(voice_of)]
        self.paths += [f"Name_{who}/{i:08d}.jpg" for i, who in enumerate(face_of)]
        owner = np.concatenate([voice_of, face_of])
        noise = 4 * rng.standard_normal((len(owner), WIDTH))
        self.vectors = (centres[owner] + noise).astype(np.float32)
        self.owner = dict(zip(self.paths, owner.tolist(), strict=True))
        self.embeddings = folder / "e.npz"
        np.savez(self.embeddings, paths=np.array(self.paths), vectors=self.vectors)
        rows = [f"id{10117 + who}\tName_{who}\t{'mf'[who % 2]}\tX\ttest" for who in range(PEOPLE)]
        self.meta = folder / "vox1_meta.csv"
        self.meta.write_text("\n".join(["VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet", *rows]))
        self.people: People = read_people([self.meta])
        groups = ("all", "same_gender")
        crowd = crowd_of_paths(self.paths, self.people, 1)
        self.lists = make_lists(crowd, get_recipe("ssos"), folder, tag="test", groups=groups, candidates=2)


def main() -> None:
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else GALLERIES[-1]
    with tempfile.TemporaryDirectory() as folder:
        corpus = Corpus(Path(folder))
        rows = [_list(corpus, "match_v2f_2"), _list(corpus, "verify_v2f"), _ten_lists(corpus, replicates=0)]
        rows += [_ten_lists(corpus, replicates=REPLICATES), _intervals(corpus)]
        show("Ten lists of the size of SSoS", rows, unit="s")
    show("Retrieval, 512 probes", [_gallery(size) for size in GALLERIES if size <= largest], unit="s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"largest resident size of the whole run: {peak:.2f} GiB")


def _score(corpus: Corpus, files: list[Path], replicates: int) -> dict[str, float]:
    # People and vectors are read anew, as the command does.
    people = read_people([corpus.meta])
    vectors = read_vectors([corpus.embeddings], people)
    found = score_files(files, vectors, people, ScoreSettings(), replicates=replicates)
    return {name: record["value"] for one in found for name, record in one.records.items()}


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b)))


def _loop(corpus: Corpus, file: Path, most: int) -> float:
    """The metric of a list's first rows, one at a time; mean AP of the first probes of retrieval."""
    vector = dict(zip(corpus.paths, corpus.vectors, strict=True))
    lines = file.read_text().splitlines()
    if file.name.startswith("reterival"):
        return _loop_retrieval(corpus, lines[0].split()[:most], lines[1].split(), vector)
    scores, right = [], 0
    for line in lines[:most]:
        probe, *candidates = line.split()
        found = [_cosine(vector[probe], vector[candidate]) for candidate in candidates]
        right += int(np.argmax(found) == 0)
        scores.append((found[0], corpus.owner[probe] == corpus.owner[candidates[0]]))
    if "match_" in file.name:
        return right / len(scores)
    order = sorted(scores, key=lambda pair: -pair[0])
    positives = sum(same for _, same in scores)
    area = accepted = 0
    for _, same in order:
        accepted += same
        area += 0 if same else accepted
    return area / positives / (len(scores) - positives)


def _loop_retrieval(
    corpus: Corpus, probes: list[str], gallery: list[str], vector: dict[str, np.ndarray]
) -> float:
    asked = np.stack([vector[path] for path in gallery])
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    owners = [corpus.owner[path] for path in gallery]
    total = 0.0
    for probe in probes:
        order = np.argsort(-(asked @ vector[probe]))
        found, precision, own = 0, 0.0, corpus.owner[probe]
        for place, item in enumerate(order.tolist(), start=1):
            if owners[item] == own:
                found += 1
                precision += found / place
        total += precision / found
    return total / len(probes)


def _list(corpus: Corpus, name: str) -> Row:
    file = next(path for path in corpus.lists if path.name.startswith(name))
    part = file.with_name(f"{file.stem}.part.txt")
    lines = file.read_text().splitlines()
    part.write_text("\n".join(lines[:TRIALS_DONE]) + "\n")
    metric = "accuracy" if name.startswith("match") else "auc"
    ours = next(value for key, value in _score(corpus, [part], 0).items() if key.endswith(metric))
    assert abs(ours - _loop(corpus, part, TRIALS_DONE)) < 1e-5
    return compare(
        f"{name}, {len(lines):,} rows",
        {PLAIN: lambda: _loop(corpus, file, TRIALS_DONE), "ours": lambda: _score(corpus, [file], 0)},
        rounds=2,
        per={PLAIN: TRIALS_DONE / len(lines)},
    )


def _ten_lists(corpus: Corpus, *, replicates: int) -> Row:
    """All lists in one go; of the loops some trials and probes, in seconds of the whole."""
    shares, processor = {}, {}

    def loops() -> None:
        for file in corpus.lists:
            retrieval = file.name.startswith("reterival")
            rows = len(file.read_text().split("\n", 1)[0].split()) if retrieval else 65_000
            start, busy = time.perf_counter(), time.process_time()
            _loop(corpus, file, PROBES_DONE if retrieval else TRIALS_DONE)
            share = (PROBES_DONE if retrieval else TRIALS_DONE) / rows
            shares[file.name] = (time.perf_counter() - start) / share
            processor[file.name] = (time.process_time() - busy) / share

    cpu = time.process_time()
    _score(corpus, corpus.lists, replicates)
    cpu = time.process_time() - cpu
    loops()
    whole = sum(shares.values())
    note = f"seconds of processor: loops {sum(processor.values()):.0f} (from parts), ours {cpu:.1f}"
    what = f"ten lists, {replicates:,} bootstrap draws"
    row = compare(what, {"ours": lambda: _score(corpus, corpus.lists, replicates)}, rounds=2, note=note)
    return Row(what, {PLAIN: [whole], **row.seconds}, PLAIN, note)


def _intervals(corpus: Corpus) -> Row:
    rng = np.random.default_rng(1)
    people, credit = rng.integers(0, PEOPLE, 65_550), (rng.random(65_550) < 0.8).astype(float)

    def ours() -> np.ndarray:
        resamples = Resamples(seed=1, replicates=REPLICATES)
        return MeanPerTrial(credit, people).replicates(resamples.weights_RI(PEOPLE))

    def plain() -> list[float]:
        rng, found = np.random.default_rng(1), []
        trials_of = {person: credit[people == person].tolist() for person in range(PEOPLE)}
        for _ in range(PLAIN_REPLICATES):
            drawn = [value for person in rng.integers(0, PEOPLE, PEOPLE) for value in trials_of[person]]
            found.append(sum(drawn) / len(drawn))
        return found

    assert abs(float(np.mean(ours())) - float(np.mean(plain()))) < 0.05
    return compare(
        f"identity bootstrap, {REPLICATES:,} draws of a metric",
        {PLAIN: plain, "ours": ours},
        rounds=3,
        per={PLAIN: PLAIN_REPLICATES / REPLICATES},
    )


def _gallery(size: int) -> Row:
    """512 probes among `size` items of 1,000 people or more, a hundred items each at most."""
    rng = np.random.default_rng(1)
    people = np.arange(size) % max(100, size // 100)
    vectors = rng.standard_normal((size, WIDTH), dtype=np.float32)
    probes = vectors[:GALLERY_PROBES] + 3 * rng.standard_normal((GALLERY_PROBES, WIDTH), dtype=np.float32)
    sides = [
        Items("voice", np.arange(GALLERY_PROBES), people[:GALLERY_PROBES], probes),
        Items("face", np.arange(size), people, vectors),
    ]
    prepared = Prepared(Cosine(), *sides)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    owners = people.tolist()

    def ours() -> np.ndarray:
        rows = (np.arange(GALLERY_PROBES), people[:GALLERY_PROBES]), (np.arange(size), people)
        return rank(prepared, "v2f", *rows, block_scores=4_000_000).average_precision_N

    def plain() -> list[float]:
        found = []
        for probe in range(LOOP_PROBES):
            order = np.argsort(-(units @ probes[probe]))
            hits, precision, own = 0, 0.0, owners[probe]
            for place, item in enumerate(order.tolist(), start=1):
                if owners[item] == own:
                    hits += 1
                    precision += hits / place
            found.append(precision / hits)
        return found

    np.testing.assert_allclose(ours()[:LOOP_PROBES], plain(), rtol=1e-3)
    per = {PLAIN: LOOP_PROBES / GALLERY_PROBES}
    return compare(f"{size:,} items", {PLAIN: plain, "ours": ours}, rounds=2, per=per)


if __name__ == "__main__":
    main()
