"""Which other item of a batch a matching head is asked to tell from the right one."""

import torch
from torch import Tensor

FLOOR = 1e-4  # of every allowed candidate's weight: a hopeless one may still come up (ALBEF)


@torch.no_grad()
def drawn_negatives(sims_BM: Tensor, same_BM: Tensor, *, temperature: float | None) -> Tensor:
    """A wrong candidate (B,) for each row, drawn by how similar it is: softmax of similarity / temperature.

    `same_BM` marks candidates of the row's own label, which are not drawn, unless nothing else is there:
    then any but the row's own place, the diagonal. Without `temperature` all wrong ones are equally likely.
    Draws come from torch's generator. Source: salesforce/ALBEF, models/model_pretrain.py.
    """
    if temperature is None:
        weights_BM = torch.ones_like(sims_BM)
    else:
        # NaN draws anybody: the loss is NaN too then, and says which term it is.
        weights_BM = (sims_BM.float() / temperature).softmax(dim=1).nan_to_num() + FLOOR
    own_BM = torch.eye(*sims_BM.shape, dtype=torch.bool, device=sims_BM.device)
    lonely_B1 = same_BM.all(dim=1, keepdim=True)
    barred_BM = torch.where(lonely_B1, own_BM, same_BM)
    return torch.multinomial(weights_BM.masked_fill(barred_BM, 0.0), 1)[:, 0]
