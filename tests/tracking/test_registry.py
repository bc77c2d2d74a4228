import base64
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from vfal.core.config.params import check, with_overrides
from vfal.core.errors import ConfigError, DataError
from vfal.core.files import read_json, write_json
from vfal.data.decode import decode_face, decode_voice
from vfal.data.inputs import FaceInputs, VoiceInputs
from vfal.serving.media import LooseFaces, LooseVoices
from vfal.serving.scorer import Scorer
from vfal.tracking.chosen import choose, example_pair
from vfal.tracking.mirror import sync
from vfal.training.checkpoint import load_tensors, save_tensors
from vfal.training.material import raw_encoder
from vfal.training.outputs import read_trained
from vfal.training.phases import build_method

METHOD = "seeking_the_shape"
TREE = Path("data/raw/tree")


def files(people: list[str], ending: str) -> list[bytes]:
    return [(TREE / f"{person}.{ending}").read_bytes() for person in people]


def verifications(people: list[str]) -> pd.DataFrame:
    """A question per person: are this person's voice and face one person's."""
    voices, faces = (
        [base64.b64encode(file).decode() for file in files(people, ending)] for ending in ("wav", "png")
    )
    return pd.DataFrame({"task": "verify", "voice": voices, "face": faces})


def by_hand(params, seed: int, people: list[str]) -> np.ndarray:
    """Scores as stages make them, one pair at a time."""
    method = read_trained(Path("models/trained") / METHOD, seed, params)
    encoders = {
        name: raw_encoder(getattr(params.pretrain, name), name, Path("models/encoders")).eval()
        for name in ("voice", "face")
    }
    settings, augmentation, scores = params.preprocess, params.pretrain.augmentation, []
    for person in people:
        clip = decode_voice(
            TREE / f"{person}.wav", sample_rate_hz=settings.sample_rate_hz, longest_s=settings.longest_s
        )
        voices = VoiceInputs(
            LooseVoices([clip]),
            augmentation,
            sample_rate_hz=settings.sample_rate_hz,
            whole_s=params.embed.voice_s,
        )
        picture = decode_face(TREE / f"{person}.png", face_px=settings.face_px)
        row = np.zeros(1, np.int64)
        with torch.no_grad():
            voice = method.embed_voices(encoders["voice"](voices.plain(row)))
            face = method.embed_faces(
                encoders["face"](FaceInputs(LooseFaces([picture]), augmentation).plain(row))
            )
        scores.append(torch.cosine_similarity(voice, face).item())
    return np.asarray(scores)


@pytest.mark.usefixtures("without_figures")
class TestRegistered:
    def test_a_fresh_process_loads_it_and_scores_as_we_do(self, params, client, checkout):
        assert "Model vfal version 1 (seed 2) is `candidate`." in sync(params)
        verifications(["id06", "id08"]).to_parquet("questions.parquet")
        code = (
            "import json, mlflow, pandas as pd\n"
            f"mlflow.set_tracking_uri('sqlite:///{checkout}/mlflow.db')\n"
            "model = mlflow.pyfunc.load_model('models:/vfal@candidate')\n"
            "answers = model.predict(pd.read_parquet('questions.parquet'))\n"
            "json.dump([answer['score'] for answer in answers], open('scores.json', 'w'))\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        scores = read_json(Path("scores.json"))
        np.testing.assert_allclose(scores, by_hand(params, 2, ["id06", "id08"]), atol=1e-5)

    def test_it_has_no_pickle_a_signature_and_an_example_of_the_corpus(self, params, client, checkout):
        import mlflow

        sync(params)
        version = client.get_model_version_by_alias("vfal", "candidate")
        folder = next(path.parent for path in (checkout / "mlruns").rglob("MLmodel"))
        names = {path.name for path in folder.rglob("*") if path.is_file()}
        assert not [name for name in names if name.endswith((".pkl", ".pickle", ".pt", ".pth", ".bin"))]
        assert {
            "seed_2.safetensors",
            "seed_2.json",
            "params.json",
            "voice.safetensors",
            "pyfunc_model.py",
        } <= names
        about = mlflow.models.Model.load(str(folder))
        assert [column.name for column in about.signature.inputs.inputs] == [
            "task",
            "voice",
            "face",
            "gallery",
        ]
        example = about.load_input_example(str(folder))
        assert example["task"].tolist() == ["match", "verify", "embed"]
        assert base64.b64decode(example["voice"].iloc[1]) == example_pair()["voice"]
        assert version.run_id == about.run_id

    def test_the_version_carries_fingerprint_seed_and_headline_metrics(self, params, client):
        sync(params)
        tags = client.get_model_version_by_alias("vfal", "candidate").tags
        assert tags["vfal.seed"] == "2"
        assert tags["vfal.fingerprint"] == choose(params, METHOD).fingerprint
        assert tags["matching_1_2/v2f/all/accuracy"] == "0.8300"

    def test_the_same_model_is_not_registered_twice_and_a_new_one_takes_the_alias(self, params, client):
        sync(params)
        assert "version 1 (seed 2) is `candidate`, as before" in sync(params, again=True)
        path = Path("models/trained") / METHOD / "seed_2.safetensors"
        old = path.read_bytes()
        save_tensors(path, {name: 2 * tensor for name, tensor in load_tensors(path).items()})
        assert "version 2 (seed 2) is `candidate`." in sync(params)
        path.write_bytes(old)
        assert "version 1 (seed 2) is `candidate`, as before" in sync(params)
        assert len(client.search_model_versions("name = 'vfal'")) == 2
        assert int(client.get_model_version_by_alias("vfal", "candidate").version) == 1

    def test_without_the_corpus_the_runs_are_mirrored_and_the_model_waits(self, params, client):
        held = TREE.rename("elsewhere")
        assert "The model was not registered." in sync(params)
        held.rename(TREE)
        assert "version 1" in sync(params)


class TestChoice:
    def test_the_seed_of_highest_validation_accuracy_is_chosen(self, params, checkout):
        assert choose(params, METHOD).seed == 2

    def test_of_equal_seeds_the_first_is_chosen(self, params, checkout):
        path = Path("models/trained") / METHOD / "seed_1.json"
        write_json(path, {**read_json(path), "validation_accuracy": 0.8})
        assert choose(params, METHOD).seed == 1

    def test_before_retraining_there_is_no_choice(self, params, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert choose(params, METHOD) is None


class TestScorer:
    @pytest.fixture
    def scorer(self, params, checkout) -> Scorer:
        folder = checkout / "model"
        choose(params, METHOD).copy_to(folder)
        return Scorer(folder)

    def test_a_pairs_score_does_not_depend_on_the_other_rows(self, scorer):
        people = [f"id{number:02d}" for number in range(10)]
        voices, faces = files(people, "wav"), files(people, "png")
        together = scorer.score(voices, faces)
        alone = [scorer.score([voice], [face])[0] for voice, face in zip(voices, faces, strict=True)]
        np.testing.assert_allclose(together, alone, atol=1e-6)

    def test_a_method_that_works_on_media_needs_no_other_encoders(self, small_raw, checkout):
        raw = check(with_overrides(small_raw, {"methods.seeking_the_shape.regime": "raw"}))
        path = Path("models/trained") / METHOD / "seed_2.safetensors"
        save_tensors(path, build_method(raw, {"voice": 0, "face": 0}, 6, None).state_dict())
        chosen = choose(raw, METHOD)
        chosen.copy_to(checkout / "model")
        assert not (checkout / "model" / "encoders").exists()
        good = example_pair()
        assert -1 <= Scorer(checkout / "model").score([good["voice"]], [good["face"]])[0] <= 1

    def test_what_cannot_be_decoded_is_named_by_row_and_column(self, scorer):
        good = example_pair()
        with pytest.raises(DataError, match="row 1, face: not an image"):
            scorer.score([good["voice"]] * 2, [good["face"], b"text"])
        with pytest.raises(DataError, match="row 0, voice: cannot be decoded: truncated"):
            scorer.score([good["voice"][:-100]], [good["face"]])
        with pytest.raises(DataError, match="row 0, voice: expected the bytes of a file, found str"):
            scorer.score(["a.wav"], [good["face"]])

    def test_a_model_of_another_vfal_says_so(self, checkout, scorer):
        path = checkout / "model" / "params.json"
        raw = read_json(path)
        write_json(path, {**raw, "embed": {**raw["embed"], "of_tomorrow": 1}})
        with pytest.raises(ConfigError, match="embed: made by a vfal that has other keys"):
            Scorer(path.parent)
