import torch
from torch import Tensor

from vfal.data.batches import Batch
from vfal.method import Terms
from vfal.training.identity_weights import IdentityWeights

from .conftest import IDENTITIES
from .method_runs import Make, handed


def total(terms: Terms) -> Tensor:
    parts = [loss_B.mean() for loss_B in terms.losses.values()]
    return torch.stack([*parts, *terms.batch_losses.values()]).sum()


def test_every_term_is_one_loss_per_item_or_named_as_a_batch_mean(make: Make, batch: Batch) -> None:
    method = make().train()
    for player, terms in method.turns(handed(method, batch), 0):
        assert player in method.players() and (terms.losses or terms.batch_losses)
        for term, value in terms.batch_losses.items():
            assert value.shape == () and value.requires_grad, term
        for term, loss_B in terms.losses.items():
            assert loss_B.shape == (5,) and loss_B.requires_grad, term
        for signal, value_B in terms.signals.items():
            assert value_B.shape == (5,) and not value_B.requires_grad, signal
        assert terms.batch_mean <= set(terms.losses)


def test_every_parameter_that_learns_belongs_to_exactly_one_player(make: Make) -> None:
    method = make()
    owned = [id(parameter) for group in method.players().values() for parameter in group]
    assert len(owned) == len(set(owned))
    assert set(owned) == {id(parameter) for parameter in method.parameters() if parameter.requires_grad}


def test_a_step_moves_its_player_and_nobody_else(make: Make, batch: Batch) -> None:
    method = make().train()
    players = method.players()
    optimisers = {name: torch.optim.SGD(group, lr=0.1) for name, group in players.items()}
    unmoved = {id(parameter) for group in players.values() for parameter in group}
    for step in range(2):  # what is multiplied by a factor that starts at 0 moves in the second
        for player, terms in method.turns(handed(method, batch), step):
            before = {id(p): p.detach().clone() for group in players.values() for p in group}
            optimisers[player].zero_grad(set_to_none=True)
            total(terms).backward()
            optimisers[player].step()
            for name, group in players.items():
                moved = {id(p) for p in group if not torch.equal(before[id(p)], p)}
                assert name == player or not moved
                unmoved -= moved
    assert not unmoved, [name for name, p in method.named_parameters() if id(p) in unmoved]


def test_identity_weights_act_on_people(make: Make, batch: Batch) -> None:
    method = make().train()
    torch.manual_seed(0)
    per_item = [
        terms.losses[term]
        for _, terms in method.turns(handed(method, batch), 0)
        for term in terms.losses
        if term not in terms.batch_mean
    ]
    if not per_item:
        return  # the loop refuses identity weights on losses of the whole batch, by name
    weights = IdentityWeights(
        IDENTITIES,
        hardness_initial=1.0,
        hardness_ema=0.9,
        initial_ratio=0.3,
        growth_ratio=0.1,
        decay=0.9,
        keep_ratio=0.9,
    )
    weight_I = torch.ones(IDENTITIES, dtype=torch.float64)
    weight_I[4] = 0.0  # the first row of the batch
    weights.load_state_dict(weights.state_dict() | {"weights": weight_I, "updates": torch.tensor(1)})
    assert batch.voices is not None and batch.voices.identity_B is not None
    weight_B = weights.weights(batch.voices.identity_B)
    for loss_B in per_item:
        (gradient_B,) = torch.autograd.grad((loss_B * weight_B.float()).mean(), loss_B, retain_graph=True)
        assert gradient_B[0] == 0 and (gradient_B[1:] > 0).all()
