import numpy as np

from vfal.core.seeding import derive_seed, generator


def test_the_same_address_draws_the_same_numbers_whatever_was_drawn_before() -> None:
    first = generator(1, "batches", 7).random(5)
    generator(1, "batches", 8).random(100)
    assert np.array_equal(generator(1, "batches", 7).random(5), first)


def test_different_addresses_draw_different_numbers() -> None:
    addresses = [
        (1, "a", "b"),
        (1, "ab"),
        (1, "a b"),
        (1, "b", "a"),
        (2, "a", "b"),
        (1, "a", 1),
        (1, "a1"),
        (11, "a"),
    ]
    assert len({derive_seed(seed, *words) for seed, *words in addresses}) == len(addresses)


def test_a_seed_fits_where_torch_and_parquet_want_it() -> None:
    assert all(0 <= derive_seed(seed, "x") < 2**63 for seed in range(-50, 50))


def test_seeds_stay_what_they_were_when_the_first_results_were_made() -> None:
    assert derive_seed(1, "pretrain", "voice") == SEED_OF_FIRST_RESULTS


SEED_OF_FIRST_RESULTS = 6845972202379931578
