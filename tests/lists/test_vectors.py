"""Anybody's embeddings, in four kinds of file."""

import json

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from vfal.core.errors import EmbeddingError
from vfal.lists.people import NOBODY
from vfal.lists.vectors import read_vectors


def write(corpus, kind: str):
    folder, paths = corpus.folder, list(corpus.vector)
    stacked = np.stack(list(corpus.vector.values()))
    if kind == "npz with paths":
        return [corpus.npz()]
    if kind == "npz per modality":
        rows = [[paths.index(path) for path in side] for side in (corpus.voices, corpus.faces)]
        arrays = {}
        for side, chosen in zip(("voice", "face"), rows, strict=True):
            arrays |= {f"{side}_keys": np.array(paths)[chosen], f"{side}_embeddings": stacked[chosen]}
        np.savez(folder / "e.npz", **arrays)
        return [folder / "e.npz"]
    if kind == "npz per path":
        np.savez(folder / "e.npz", **corpus.vector)
        return [folder / "e.npz"]
    if kind == "npy with txt":
        np.save(folder / "e.npy", stacked)
        corpus.write("e.txt", paths)
        return [folder / "e.npy"]
    if kind == "parquet of lists":
        corpus.table().to_parquet(folder / "e.parquet")
        return [folder / "e.parquet"]
    if kind == "parquet of columns":
        table = pd.DataFrame(stacked, columns=[f"d{i}" for i in range(6)]).assign(key=paths)
        table.to_parquet(folder / "e.parquet")
        return [folder / "e.parquet"]
    if kind == "safetensors per path":
        save_file(corpus.vector, folder / "e.safetensors")
        return [folder / "e.safetensors"]
    if kind == "safetensors with paths":
        save_file({"embeddings": stacked}, folder / "e.safetensors", metadata={"paths": json.dumps(paths)})
        return [folder / "e.safetensors"]
    return [corpus.npz("v.npz", corpus.voices), corpus.npz("f.npz", corpus.faces)]


KINDS = (
    "npz with paths", "npz per modality", "npz per path", "npy with txt", "parquet of lists",
    "parquet of columns", "safetensors per path", "safetensors with paths", "two files",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_gives_the_same_vectors(corpus, kind):
    vectors = read_vectors(write(corpus, kind), corpus.people)
    keys = corpus.people.reader.keys(list(corpus.vector))
    rows = vectors.rows(keys)
    assert (rows >= 0).all() and len(vectors.keys) == len(keys)
    np.testing.assert_allclose(vectors.vectors_ND[rows], np.stack(list(corpus.vector.values())), rtol=1e-6)


@pytest.mark.parametrize(
    ("spelling", "of"),
    [
        ("Person_00/1.6/abcdefghij0/0000025.jpg", "Person_00/abcdefghij0/0000025.jpg"),
        ("/data/faces/id10001/1.6/abcdefghij0/0000025.jpg", "Person_00/abcdefghij0/0000025.jpg"),
        ("Person_00/abcdefghij1_0000001.wav", "id10001/abcdefghij1/00001.wav"),
        ("Person_00/abcdefghij1/00001.wav", "id10001/abcdefghij1/00001.wav"),
        ("D:\\vox\\wav\\id10001\\abcdefghij1\\00001.flac", "id10001/abcdefghij1/00001.wav"),
        ("id10001/abcdefghij1/00001", "id10001/abcdefghij1/00001.wav"),
        ("Person_00/00000001", "Person_00/00000001.jpg"),
    ],
)
def test_old_and_new_spellings_are_one_item(corpus, spelling, of):
    one, other = corpus.people.reader.keys([spelling, of])
    assert one == other


def test_names_with_blanks_and_accents_are_kept(corpus):
    one = corpus.people.reader("José María/abcdefghij1/0000025.jpg")
    assert (one.person, one.modality) == ("José María", "face")


@pytest.mark.parametrize(("value", "sentence"), [(np.nan, "NaN or infinity"), (0.0, "only zeros")])
def test_a_vector_that_cannot_be_scored_is_named_with_its_row(corpus, value, sentence):
    broken = corpus.npz(**{corpus.voices[1]: np.full(6, value, dtype=np.float32)})
    with pytest.raises(
        EmbeddingError, match=rf"e\.npz, row 3: the vector of '{corpus.voices[1]}' holds {sentence}"
    ):
        read_vectors([broken], corpus.people)


def test_what_is_no_table_of_vectors_says_why(corpus, tmp_path):
    def refused(sentence: str, **arrays: np.ndarray) -> None:
        np.savez(tmp_path / "x.npz", **arrays)
        with pytest.raises(EmbeddingError, match=rf"x\.npz.*{sentence}"):
            read_vectors([tmp_path / "x.npz"], NOBODY)

    paths = np.array(["a.wav", "b.jpg"])
    refused("type int64; expected floating", paths=paths, vectors=np.ones((2, 3), dtype=np.int64))
    refused("2 paths for 3 vectors", paths=paths, vectors=np.ones((3, 3)))
    refused("Save paths as text", paths=paths.astype(object), vectors=np.ones((2, 3)))
    refused("'a.wav'.*and 'a.wav'.*are the same item", paths=paths[[0, 0]], vectors=np.ones((2, 3)))
    refused("row 2: 'b.jpg' has shape", **{"a.wav": np.ones(3), "b.jpg": np.ones(4)})
    (tmp_path / "x.npz").write_bytes(b"PK\x03\x04 half")
    with pytest.raises(EmbeddingError, match=r"x\.npz"):
        read_vectors([tmp_path / "x.npz"], NOBODY)
    with pytest.raises(EmbeddingError, match=r"e\.mat: ends in '.mat', expected .npz"):
        read_vectors([tmp_path / "e.mat"], NOBODY)
    np.save(tmp_path / "y.npy", np.ones((2, 3)))
    with pytest.raises(EmbeddingError, match=r"y\.txt, with one path per row, is not beside it"):
        read_vectors([tmp_path / "y.npy"], NOBODY)


def test_voices_and_faces_of_different_width_are_refused(corpus):
    np.savez(corpus.folder / "f.npz", paths=np.array(corpus.faces), vectors=np.ones((len(corpus.faces), 4)))
    with pytest.raises(EmbeddingError, match=r"different widths.* 6 in .*v\.npz, 4 in .*f\.npz"):
        read_vectors([corpus.npz("v.npz", corpus.voices), corpus.folder / "f.npz"], corpus.people)
