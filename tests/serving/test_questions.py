from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from vfal.core.errors import DataError, EmbeddingError
from vfal.serving.questions import answer
from vfal.serving.scorer import Scorer

from .conftest import packed, picture, recording

File = Callable[[str], str]
VOICE, FACE = packed(recording()), packed(picture())


def ask(scorer: Scorer, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    return answer(scorer, rows, None)


class TestAnswers:
    def test_a_voice_is_matched_with_faces_best_first(self, scorer: Scorer, file: File) -> None:
        gallery = [file(f"id0{person}.png") for person in range(4)]
        [found] = ask(scorer, {"task": "match", "voice": file("id02.wav"), "gallery": gallery})
        scores = [one["score"] for one in found["ranking"]]
        assert scores == sorted(scores, reverse=True)
        assert sorted(one["candidate"] for one in found["ranking"]) == [0, 1, 2, 3]

    def test_match_and_verify_agree_in_both_directions(self, scorer: Scorer, file: File) -> None:
        people = [f"id0{person}" for person in range(3)]
        voice_first, face_first, *pairs = ask(
            scorer,
            {"task": "match", "voice": file("id00.wav"), "gallery": [file(f"{one}.png") for one in people]},
            {"task": "match", "face": file("id00.png"), "gallery": [file(f"{one}.wav") for one in people]},
            *({"task": "verify", "voice": file("id00.wav"), "face": file(f"{one}.png")} for one in people),
            *({"task": "verify", "voice": file(f"{one}.wav"), "face": file("id00.png")} for one in people),
        )
        for found, alone in ((voice_first, pairs[:3]), (face_first, pairs[3:])):
            for one in found["ranking"]:
                assert one["score"] == pytest.approx(alone[one["candidate"]]["score"], abs=1e-6)
                assert one["same"] == alone[one["candidate"]]["same"]

    def test_a_verification_is_decided_at_the_threshold_that_validation_gave(
        self, scorer: Scorer, file: File
    ) -> None:
        known = scorer.calibration
        assert known is not None
        rows = [
            {"task": "verify", "voice": file(f"id0{a}.wav"), "face": file(f"id0{b}.png")}
            for a, b in ((0, 1), (1, 2), (2, 3), (3, 4), (5, 6))
        ]
        for found in ask(scorer, *rows):
            assert found["threshold"] == known.threshold
            assert found["same"] == (found["score"] >= known.threshold)
            assert found["probability"] == pytest.approx(known.probability(found["score"]))

    def test_an_embedding_scores_as_its_file_does(self, scorer: Scorer, file: File) -> None:
        voice, face, pair = ask(
            scorer,
            {"task": "embed", "voice": file("id07.wav")},
            {"task": "embed", "face": file("id07.png")},
            {"task": "verify", "voice": file("id07.wav"), "face": file("id07.png")},
        )
        a, b = (np.asarray(one["embedding"]) for one in (voice, face))
        assert a @ b / np.linalg.norm(a) / np.linalg.norm(b) == pytest.approx(pair["score"], abs=1e-6)

    def test_base64_may_be_broken_into_lines_and_absent_columns_may_be_null_or_nan(
        self, scorer: Scorer
    ) -> None:
        lines = "\n".join(VOICE[start : start + 76] for start in range(0, len(VOICE), 76))
        whole, broken = ask(
            scorer,
            {"task": "embed", "voice": VOICE, "face": None, "gallery": float("nan")},
            {"task": "embed", "voice": lines, "face": pd.NA, "gallery": None},
        )
        assert whole == broken

    def test_other_rates_and_channels_are_brought_to_the_models_own(self, scorer: Scorer) -> None:
        files = [recording(rate_hz=44_100), recording(channels=2), recording(kind="FLAC")]
        assert len(ask(scorer, *({"task": "embed", "voice": packed(one)} for one in files))) == 3

    def test_a_model_that_gives_no_number_says_so(self, model: Path) -> None:
        broken = Scorer(model)
        with torch.no_grad():
            next(broken.method.parameters()).fill_(float("nan"))
        with pytest.raises(EmbeddingError, match="the model is broken"):
            ask(broken, {"task": "embed", "voice": VOICE}, {"task": "embed", "face": FACE})

    def test_without_a_calibration_there_are_scores_alone(
        self, scorer: Scorer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(scorer, "calibration", None)
        [found] = ask(scorer, {"task": "verify", "voice": VOICE, "face": FACE})
        assert (found["probability"], found["same"], found["threshold"]) == (None, None, None)
        assert -1 <= found["score"] <= 1


class TestRefusals:
    @pytest.mark.parametrize(
        ("row", "sentence"),
        [
            ({}, "row 0, task: missing; expected match, verify or embed."),
            ({"task": "verfy"}, "row 0, task: found 'verfy'. Did you mean 'verify'?"),
            ({"task": ["match"]}, "row 0, task: found ['match']. Did you mean 'match'?"),
            ({"task": "match", "voice": VOICE, "face": FACE, "gallery": [FACE]},
             "row 0, voice and face: found both; match takes one of them, the probe."),
            ({"task": "match", "gallery": [FACE]},
             "row 0, voice and face: found neither; match takes one of them, the probe."),
            ({"task": "match", "voice": VOICE},
             "row 0, gallery: missing; match takes a list of at least one face."),
            ({"task": "match", "face": FACE, "gallery": []},
             "row 0, gallery: found an empty list; expected at least one voice."),
            ({"task": "match", "face": FACE, "gallery": VOICE[:9]},
             f"row 0, gallery: found '{VOICE[:9]}'; expected a list of voices."),
            ({"task": "match", "voice": VOICE, "gallery": [FACE, 7]},
             "row 0, gallery[1]: found 7; expected base64 or 'file:' and a path, as text."),
            ({"task": "verify", "voice": VOICE}, "row 0, face: missing; verify takes a voice and a face."),
            ({"task": "verify", "face": FACE}, "row 0, voice: missing; verify takes a voice and a face."),
            ({"task": "verify", "voice": VOICE, "face": FACE, "gallery": [FACE]},
             "row 0, gallery: found one; verify takes none."),
            ({"task": "embed"},
             "row 0, voice and face: found neither; embed takes one of them, what to embed."),
            ({"task": "embed", "voice": ""}, "row 0, voice: empty, 0 bytes."),
            ({"task": "embed", "voice": "!"},
             "row 0, voice: neither base64 (Only base64 data is allowed) nor a path that begins with "
             "'file:'."),
            ({"task": "embed", "voice": "file:a.wav"},
             "row 0, voice: 'file:a.wav' is a path, and VFAL_MEDIA_ROOT is not set on the server. "
             "Send the file in base64."),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_named_by_row_and_column(
        self, scorer: Scorer, row: dict[str, Any], sentence: str
    ) -> None:
        with pytest.raises(DataError) as caught:
            ask(scorer, row)
        assert str(caught.value) == sentence

    @pytest.mark.parametrize(
        ("column", "content", "sentence"),
        [
            ("voice", b"text", "not a recording (Format not recognised); expected wav, flac, ogg or mp3."),
            ("voice", picture(), "not a recording (Format not recognised); expected wav, flac, ogg or mp3."),
            ("face", recording(), "not an image; expected JPEG, PNG, WEBP, BMP, GIF or TIFF."),
            ("face", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
             "not an image; expected JPEG, PNG, WEBP, BMP, GIF or TIFF."),
            ("voice", recording(seconds=4), "found 128,044 bytes, expected at most 100,000."),
            ("face", picture(size=(200, 200)), "found 120,"),
            ("voice", recording(seconds=0.2), "length: found 0.2 s, expected 0.5 to 3 s."),
            ("voice", recording(seconds=5, rate_hz=8_000), "length: found 5 s, expected 0.5 to 3 s."),
            ("voice", recording(rate_hz=4_000), "sample rate: found 4000 Hz, expected 8000 to 192000 Hz."),
            ("voice", recording(channels=9, seconds=0.3), "channels: found 9, expected 1 to 8."),
            ("voice", recording(silent=True), "cannot be decoded: no sound: empty, silent or not finite."),
            ("voice", recording()[:-100], "cannot be decoded: truncated: "),
            ("face", picture()[:-100], "cannot be decoded: "),
            ("face", picture(size=(31, 40)), "side: found 31 px, expected 32 to 500 px."),
            ("face", picture(size=(600, 32), kind="JPEG"), "side: found 600 px, expected 32 to 500 px."),
        ],
    )  # fmt: skip
    def test_a_file_that_cannot_be_used_is_named_with_the_reason(
        self, scorer: Scorer, column: str, content: bytes, sentence: str
    ) -> None:
        with pytest.raises(DataError) as caught:
            ask(scorer, {"task": "embed", "face": FACE}, {"task": "embed", column: packed(content)})
        assert str(caught.value).startswith(f"row 1, {column}: {sentence}")
        assert str(caught.value).endswith(".") and "\n" not in str(caught.value)

    def test_a_request_without_rows_or_with_too_many_files_is_refused(self, scorer: Scorer) -> None:
        with pytest.raises(DataError, match="request: no rows"):
            ask(scorer)
        with pytest.raises(DataError, match="found 25 recordings and pictures, expected at most 24"):
            ask(scorer, {"task": "match", "voice": VOICE, "gallery": [FACE] * 24})

    def test_nothing_is_computed_when_one_row_is_wrong(
        self, scorer: Scorer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(scorer, "embed", None)
        with pytest.raises(DataError, match="row 1, face: not an image"):
            ask(scorer, {"task": "embed", "face": FACE}, {"task": "embed", "face": packed(b"text")})
