import numpy as np
import pandas as pd

from vfal.data.tracks import tracks


def table(*rows: tuple[str | None, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["identity", "video"])


def test_a_track_of_videos_is_heard_and_seen() -> None:
    clips = table(("a", "1"), ("a", "2"), ("a", "1"), ("b", "1"))
    faces = table(("a", "1"), ("b", "1"), ("b", "9"), ("a", "1"))
    dealt = tracks(clips, faces)
    assert dealt.owners == ["a", "b"]
    assert dealt.of_voices.tolist() == [0, -1, 0, 1]  # a's second video has no picture
    assert dealt.of_faces.tolist() == [0, 1, -1, 0]  # b's video 9 has no recording


def test_stills_are_dealt_to_the_videos_of_their_person_in_turn() -> None:
    clips = table(("a", "x"), ("a", "x"), ("a", "y"), ("b", "z"))
    faces = pd.DataFrame({"identity": ["a", "b", "a", "a", "b"]})
    dealt = tracks(clips, faces)
    assert dealt.owners == ["a", "a", "b"]
    assert dealt.of_voices.tolist() == [0, 0, 1, 2]
    assert dealt.of_faces.tolist() == [0, 2, 1, 0, 2]


def test_more_videos_than_pictures_share_them() -> None:
    dealt = tracks(table(("a", "1"), ("a", "2"), ("a", "3")), pd.DataFrame({"identity": ["a", "a"]}))
    assert dealt.owners == ["a", "a"]
    assert dealt.of_voices.tolist() == [0, 1, 0] and dealt.of_faces.tolist() == [0, 1]


def test_recordings_without_a_video_are_one_track_of_their_person() -> None:
    dealt = tracks(table(("a", ""), ("a", "")), pd.DataFrame({"identity": ["a"]}))
    assert dealt.owners == ["a"] and dealt.of_voices.tolist() == [0, 0]


def test_items_of_people_who_are_not_learned_from_are_in_no_track() -> None:
    clips = table(("a", "1"), (None, "1"))
    dealt = tracks(clips, pd.DataFrame({"identity": ["a", None, "a"]}))
    assert dealt.of_voices.tolist() == [0, -1] and dealt.of_faces.tolist() == [0, -1, 0]
    assert dealt.of("voice") is dealt.of_voices and dealt.of("face") is dealt.of_faces


def test_every_track_has_items_of_both_sides() -> None:
    rng = np.random.default_rng(1)
    clips = table(*[(f"p{rng.integers(9)}", f"v{rng.integers(4)}") for _ in range(60)])
    faces = pd.DataFrame({"identity": [f"p{rng.integers(9)}" for _ in range(50)]})
    dealt = tracks(clips, faces)
    everywhere = set(range(len(dealt.owners)))
    assert everywhere <= set(dealt.of_voices) and everywhere <= set(dealt.of_faces)
    for row, track in enumerate(dealt.of_voices):
        assert track < 0 or dealt.owners[track] == clips["identity"][row]
