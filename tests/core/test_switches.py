import os

from vfal.core.switches import SWITCHES, switch_off


def test_every_switch_is_set_and_what_the_user_set_stays(monkeypatch):
    for name in SWITCHES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DO_NOT_TRACK", "yes")
    switch_off()
    assert {**SWITCHES, "DO_NOT_TRACK": "yes"}.items() <= dict(os.environ).items()


def test_mlflow_and_prefect_take_the_same_word_for_do_not_track():
    assert SWITCHES["DO_NOT_TRACK"] == "true"  # MLflow knows no other; Prefect knows 1, true and yes
