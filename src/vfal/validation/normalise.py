"""Spellings that must count as one: two of them in two splits are one person leaking."""

import pandas as pd


def filled(text: pd.Series) -> pd.Series:
    """Stripped text, missing where nothing is left."""
    stripped = text.astype("str").str.strip()
    return stripped.mask(stripped.eq(""))


def normalised_id(text: pd.Series) -> pd.Series:
    """Ids without case, blanks and leading zeros of their numbers: `ID 0017` and `id17` are one."""
    plain = text.astype("str").str.normalize("NFKC").str.casefold().str.replace(r"\s+", "", regex=True)
    return filled(plain.str.replace(r"(?<!\d)0+(?=\d)", "", regex=True))


def normalised_name(text: pd.Series) -> pd.Series:
    """Names without case, blanks and punctuation: `Ann_Lee`, `ann  lee` and `Ann-Lee` are one."""
    plain = text.astype("str").str.normalize("NFKC").str.casefold()
    return filled(plain.str.replace(r"[\W_]+", " ", regex=True))
