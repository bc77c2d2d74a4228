import torch

from vfal.nn.gradient_reversal import reversed_gradient


def test_values_pass_bit_for_bit_and_gradients_change_their_sign() -> None:
    torch.manual_seed(0)
    values = torch.randn(50, requires_grad=True)
    passed = reversed_gradient(values)
    assert torch.equal(passed, values)
    (passed * torch.arange(50.0)).sum().backward()
    assert torch.equal(values.grad, -torch.arange(50.0))
