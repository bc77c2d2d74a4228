"""The two sides of an adversarial game: a critic, and all that it plays against."""

from torch import nn


def opponents(network: nn.Module, critic: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """The parameters of the critic, and all others of `network` that learn."""
    own = [*critic.parameters()]
    taken = set(own)
    return own, [one for one in network.parameters() if one.requires_grad and one not in taken]
