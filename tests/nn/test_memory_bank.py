import torch
from torch.nn.functional import normalize

from vfal.nn.memory_bank import MemoryBank
from vfal.nn.prototypes import Prototypes


def test_a_memory_starts_with_unit_vectors_and_is_saved_with_the_model() -> None:
    bank = MemoryBank(6, 4, momentum=0.5)
    torch.testing.assert_close(bank.memory_TD.norm(dim=1), torch.ones(6))
    assert list(bank.state_dict()) == ["memory_TD"] and not list(bank.parameters())


def test_a_visit_moves_the_visited_tracks_and_no_other() -> None:
    torch.manual_seed(0)
    bank = MemoryBank(6, 4, momentum=0.25)
    before_TD, embeddings_BD = bank.memory_TD.clone(), torch.randn(2, 4)
    bank.visit(embeddings_BD, torch.tensor([4, 1]))
    for track, embedding_D in zip([4, 1], embeddings_BD, strict=True):
        moved_D = 0.25 * before_TD[track] + 0.75 * embedding_D / embedding_D.norm()
        torch.testing.assert_close(bank.memory_TD[track], moved_D / moved_D.norm())
    rest = [0, 2, 3, 5]
    assert torch.equal(bank.memory_TD[rest], before_TD[rest])


def test_prototypes_of_a_track_come_from_every_granularity() -> None:
    group_T = torch.arange(3).repeat(4)
    torch.manual_seed(0)
    memory_TD = normalize(torch.eye(3)[group_T] + 0.05 * torch.randn(12, 3), dim=1)
    prototypes = Prototypes(12, 3, [3, 1], temperature=0.2)
    prototypes.learn(memory_TD, seed=0, iterations=20, from_first_rows=True)
    found = prototypes.of(torch.tensor([0, 1, 3]))
    assert found.cluster_RB.tolist() == [[0, 1, 0], [3, 3, 3]]  # numbered through both clusterings
    torch.testing.assert_close(found.centres_RBD[0, 0], memory_TD[group_T == 0].mean(0))
    torch.testing.assert_close(found.centres_RBD[1, 1], memory_TD.mean(0))
    torch.testing.assert_close(prototypes.temperature_K[:3].mean(), torch.tensor(0.2))
