"""Scoring at the size of protocol S (21,850 voices, 20,076 faces, 189 people) against plain loops."""

import numpy as np

from comparing import PLAIN, Row, compare, show
from vfal.evaluation.embeddings import Items
from vfal.evaluation.evidence import MeanPerTrial
from vfal.evaluation.intervals import Resamples
from vfal.evaluation.ranking import rank
from vfal.evaluation.scoring import Cosine, Prepared
from vfal.metrics import matching_credits

VOICES, FACES, PEOPLE, WIDTH, TRIALS = 21_850, 20_076, 189, 128, 65_550
RANKED_PROBES = 150
REPLICATES, PLAIN_REPLICATES = 1000, 2  # drawn by a call of ours, and of the plain way


def main() -> None:
    rng = np.random.default_rng(1)
    centres = rng.standard_normal((PEOPLE, WIDTH))
    voices, faces = (
        _items(kind, count, centres, rng) for kind, count in (("voice", VOICES), ("face", FACES))
    )
    trials = _trials(voices, faces, rng)
    prepared = Prepared(Cosine(), voices, faces)
    rows = [_matching(prepared, voices, faces, trials), _retrieval(prepared, voices, faces)]
    show("Scoring at the size of protocol S", [*rows, _intervals(prepared, voices, trials)])


def _items(kind: str, count: int, centres: np.ndarray, rng: np.random.Generator) -> Items:
    people = rng.integers(0, PEOPLE, count)
    vectors = (centres[people] + 2 * rng.standard_normal((count, WIDTH))).astype(np.float32)
    return Items(kind, np.arange(count), people, vectors)


def _trials(voices: Items, faces: Items, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    probes = np.arange(TRIALS) % VOICES
    by_person = [np.flatnonzero(faces.identities_N == person) for person in range(PEOPLE)]
    own = voices.identities_N[probes]
    other = (own + rng.integers(1, PEOPLE, TRIALS)) % PEOPLE
    return probes, np.array(
        [[rng.choice(by_person[a]), rng.choice(by_person[b])] for a, b in zip(own, other, strict=True)]
    )


def _matching(prepared: Prepared, voices: Items, faces: Items, trials: tuple[np.ndarray, np.ndarray]) -> Row:
    probes, candidates = trials
    own = dict(enumerate(voices.vectors_ND))
    asked = dict(enumerate(faces.vectors_ND))

    def ours() -> float:
        scores = prepared.candidates("v2f", probes, candidates)
        return float(matching_credits(scores, "shared")[0].mean())

    def plain() -> float:
        right = 0.0
        for probe, (first, second) in zip(probes.tolist(), candidates.tolist(), strict=True):
            a, b = _cosine(own[probe], asked[first]), _cosine(own[probe], asked[second])
            right += 1.0 if a > b else 0.5 if a == b else 0.0
        return right / len(probes)

    assert abs(ours() - plain()) < 1e-4
    return compare(f"1:2 matching, {TRIALS:,} trials", {PLAIN: plain, "ours": ours}, rounds=3)


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b)))


def _retrieval(prepared: Prepared, voices: Items, faces: Items) -> Row:
    probes, gallery = np.arange(RANKED_PROBES), np.arange(FACES)
    people = (voices.identities_N[probes], faces.identities_N)
    units = faces.vectors_ND / np.linalg.norm(faces.vectors_ND, axis=1, keepdims=True)

    def ours() -> float:
        ranking = rank(prepared, "v2f", (probes, people[0]), (gallery, people[1]), block_scores=4_000_000)
        return float(ranking.average_precision_N.mean())

    def plain() -> float:
        total = 0.0
        for probe in probes:
            order = np.argsort(-(units @ voices.vectors_ND[probe]))
            found, precision = 0, 0.0
            for place, item in enumerate(order.tolist(), start=1):
                if people[1][item] == people[0][probe]:
                    found += 1
                    precision += found / place
            total += precision / found
        return total / len(probes)

    assert abs(ours() - plain()) < 1e-4
    what = f"retrieval, {RANKED_PROBES} probes among {FACES:,}"
    return compare(
        what,
        {PLAIN: plain, "ours": ours},
        rounds=3,
        note=f"all {VOICES:,} probes: x {VOICES / RANKED_PROBES:.0f}",
    )


def _intervals(prepared: Prepared, voices: Items, trials: tuple[np.ndarray, np.ndarray]) -> Row:
    probes, candidates = trials
    credit = matching_credits(prepared.candidates("v2f", probes, candidates), "shared")[0][:, 0]
    people = voices.identities_N[probes]

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
        "identity bootstrap, one replicate",
        {PLAIN: plain, "ours": ours},
        rounds=5,
        per={PLAIN: PLAIN_REPLICATES, "ours": REPLICATES},
        note=f"{REPLICATES} are drawn per metric",
    )


if __name__ == "__main__":
    main()
