from collections.abc import Callable
from pathlib import Path

import torch

from vfal.core.config.params import Params
from vfal.core.config.phases import Methods
from vfal.core.files import read_json
from vfal.stages.warm_up import run
from vfal.training.checkpoint import below, load_tensors
from vfal.training.outputs import read_trained
from vfal.training.record import read_curve


def test_the_state_holds_model_momentum_and_the_hardness_of_every_measure(params: Params) -> None:
    state = load_tensors(Path("models/warm_up/state_2.safetensors"))
    assert {name.split(".")[0] for name in state} == {"model", "momentum", "hardness"}
    for measure in ("classification", "cosine", "rank"):
        hardness = below(f"hardness.{measure}", state)
        assert hardness["hardness"].shape == (16,) and int(hardness["updates"]) == 0
        assert (hardness["weights"] == 1).all()


def test_the_model_is_there_to_be_evaluated_by_itself(params: Params) -> None:
    state = below("model", load_tensors(Path("models/warm_up/state_1.safetensors")))
    model = read_trained(Path("models/trained/warm_up"), 1, params)
    assert not model.training
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    about = read_json(Path("models/trained/warm_up/seed_1.json"))
    assert (about["step"], about["identities"], about["validation_accuracy"]) == (12, 16, None)
    assert [row["step"] for row in read_curve(Path("models/trained/warm_up/seed_1.jsonl"))] == [0, 10]


def test_seeds_end_in_different_models(params: Params) -> None:
    first, second = (Path(f"models/trained/warm_up/seed_{seed}.safetensors").read_bytes() for seed in (1, 2))
    assert first != second


def test_warming_up_again_gives_the_same_bytes_and_clears_its_checkpoints(
    params: Params, again: Callable[..., Path], finished: Path
) -> None:
    folder = again("models/warm_up", "models/trained/warm_up")
    run(params)
    for part in ("models/warm_up", "models/trained/warm_up"):
        for path in (finished / part).iterdir():
            assert (folder / part / path.name).read_bytes() == path.read_bytes(), path.name
    assert list((folder / ".state/warm_up").iterdir()) == []


def test_encoders_learn_too_when_the_regime_is_raw(params: Params, again: Callable[..., Path]) -> None:
    again("models/warm_up", "models/trained/warm_up")
    main = params.methods.seeking_the_shape
    crops = main.augmentation.model_copy(update={"crop_min_s": 0.3, "crop_max_s": 0.5})
    raw = main.model_copy(update={"regime": "raw", "augmentation": crops})
    warm_up = params.warm_up.model_copy(update={"steps": 3})
    params = params.model_copy(
        update={"methods": Methods(seeking_the_shape=raw), "warm_up": warm_up, "seeds": (1,)}
    )
    run(params)
    model = read_trained(Path("models/trained/warm_up"), 1, params).state_dict()
    for modality in ("voice", "face"):
        before = below("encoder", load_tensors(Path(f"models/encoders/{modality}.safetensors")))
        after = below(modality, model)
        assert list(after) and set(after) == set(before)
        assert any(not torch.equal(after[name], before[name]) for name in before)
        for name, value in before.items():  # three steps from where pre-training ended, not from chance
            if name.endswith("weight"):
                assert (after[name] - value).abs().max() < 0.5 * value.abs().max(), name
