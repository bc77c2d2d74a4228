import torch

from vfal.nn.heads import ProjectionHead, SharedClassifier


def test_a_head_projects_without_a_bias() -> None:
    head = ProjectionHead(12, 5, dropout=0.5).eval()
    assert head(torch.randn(3, 12)).shape == (3, 5)
    assert head(-100 * torch.ones(2, 12)).abs().max() == 0  # nothing passes the ReLU, and nothing is added


def test_in_training_a_head_drops_parts_of_the_embedding_and_in_eval_none() -> None:
    torch.manual_seed(0)
    head = ProjectionHead(32, 64, dropout=0.5)
    features_BD = torch.randn(16, 32)
    assert 0.3 < (head(features_BD) == 0).float().mean() < 0.7
    assert not (head.eval()(features_BD) == 0).any()


def test_the_shared_classifier_normalises_nothing() -> None:
    classifier = SharedClassifier(5, 9)
    embeddings_BD = torch.randn(4, 5)
    torch.testing.assert_close(classifier(3 * embeddings_BD), 3 * classifier(embeddings_BD))
    assert [name for name, _ in classifier.named_parameters()] == ["weight"]


def test_the_shared_classifier_starts_xavier_uniform() -> None:
    bound = (6 / (128 + 924)) ** 0.5
    weight = SharedClassifier(128, 924).weight
    assert weight.shape == (924, 128)
    assert weight.abs().max() <= bound
    assert weight.abs().max() > 0.99 * bound
