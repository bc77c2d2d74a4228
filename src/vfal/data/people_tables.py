"""The published tables of people, each in the form it is really found in.

| file | form |
|---|---|
| vox1_meta.csv | tabs: VoxCeleb1 ID, VGGFace1 ID, Gender, Nationality, Set |
| vox2_meta.csv | commas or tabs: (Name,) VoxCeleb2 ID, VGGFace2 ID, Gender, Set; blanks after cells; a BOM |
| identity_meta.csv | comma and blank: Class_ID, "Name", Sample_Num, Flag, Gender; commas inside names |
| people.csv | yours: commas or tabs; identity, and any of name, gender, nationality, set |

Every cell is stripped. A missing value stays an empty text: a person may be called `NA`.
"""

import gzip
from collections.abc import Collection, Mapping
from io import StringIO
from pathlib import Path

import pandas as pd

from vfal.core.errors import DataError
from vfal.core.shelf import nearest

VOX1 = {"VoxCeleb1 ID": "identity", "VGGFace1 ID": "name", "Gender": "gender", "Nationality": "nationality"}
VOX2 = {"VoxCeleb2 ID": "identity", "VGGFace2 ID": "face_identity", "Gender": "gender", "Set": "set"}
PEOPLE_FILE, PEOPLE = "people.csv", "a table with the column identity"
PEOPLE_COLUMNS = ("name", "gender", "nationality", "set")
VGG2 = {"Class_ID": "face_identity", "Name": "name"}


def read_vox1(path: Path) -> pd.DataFrame:
    """identity, name, gender, nationality of a vox1_meta.csv, by identity."""
    people = _columns(_table(path, read_text(path), "\t"), VOX1, path, "a tab-separated vox1_meta.csv")
    return people.sort_values("identity", ignore_index=True)


def read_vox2(path: Path) -> pd.DataFrame:
    """identity, face_identity, gender, set (dev or test) of a vox2_meta.csv, and name where it has one."""
    text = read_text(path)
    table = _table(path, text, "\t" if "\t" in text.partition("\n")[0] else ",")
    wanted = VOX2 | ({"Name": "name"} if "Name" in table else {})
    return _columns(table, wanted, path, "a vox2_meta.csv").sort_values("identity", ignore_index=True)


def read_vgg2(path: Path) -> pd.DataFrame:
    """face_identity and name of an identity_meta.csv, with its header or without."""
    text = read_text(path)
    headless = text.startswith("n0")
    table = _table(path, text, ",", None if headless else 0)
    if headless:
        table = table.rename(columns=dict(enumerate(VGG2)))
    return _columns(table, VGG2, path, "an identity_meta.csv")


def read_text(path: Path) -> str:
    """The text of a published list, plain or gzipped, without a BOM."""
    try:
        content = path.read_bytes()
        return (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; expected a table of people.") from None
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not a table of people ({error}).") from error


def _table(path: Path, text: str, separator: str, header: int | None = 0) -> pd.DataFrame:
    try:
        # A blank after the comma would hide the quotes of names with commas: identity_meta.csv has both.
        table = pd.read_csv(
            StringIO(text), sep=separator, dtype=str, keep_default_na=False, header=header,
            skipinitialspace=separator == ",",
        )  # fmt: skip
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        form = "tab" if separator == "\t" else "comma"
        raise DataError(f"{path}: not a {form}-separated table ({error}).") from error
    return table.rename(columns=lambda name: name.strip() if isinstance(name, str) else name)


def _columns(table: pd.DataFrame, names: Mapping[str, str], path: Path, what: str) -> pd.DataFrame:
    missing = [column for column in names if column not in table.columns]
    if missing:
        found = ", ".join(map(str, table.columns))
        raise DataError(f"{path}: column(s) {', '.join(missing)} missing; found {found}. Expected {what}.")
    people = table.rename(columns=names)[list(names.values())].copy()
    for column in people:
        people[column] = people[column].str.strip()
    return people


def people_of_folders(root: Path, found: Collection[str], withdrawn: Collection[str]) -> pd.DataFrame:
    """identity, name, gender, nationality of people named by folders, completed from `people.csv`.

    The file may have any of the columns name, gender (m, f, u), nationality, set, and must have identity;
    an identity in it without a folder is a `DataError`.
    """
    names = sorted({*found} - {*withdrawn})
    people = pd.DataFrame({"identity": names, "name": names, "gender": "u", "nationality": ""})
    path = root / PEOPLE_FILE
    if not path.exists():
        return people
    text = read_text(path)
    table = _table(path, text, "\t" if "\t" in text.partition("\n")[0] else ",")
    given = [column for column in PEOPLE_COLUMNS if column in table.columns]
    table = _columns(table, {column: column for column in dict.fromkeys(["identity", *given])}, path, PEOPLE)
    if strangers := sorted({*table["identity"]} - {*names} - {*withdrawn}):
        raise DataError(
            f"{path}: identity '{strangers[0]}' has no folder in {root}. {nearest(strangers[0], names)}"
        )
    if len(twice := table.loc[table["identity"].duplicated(), "identity"]):
        raise DataError(f"{path}: identity '{twice.iloc[0]}' has two rows.")
    table = table.set_index("identity").reindex(names)
    for column in given:
        given_I = table[column].fillna("").reset_index(drop=True)
        people[column] = given_I.where(given_I != "", people.get(column, ""))
    return people


def read_table(path: Path) -> pd.DataFrame:
    """A table with a header, separated by tabs or commas, every cell stripped."""
    text = read_text(path)
    table = _table(path, text, "\t" if "\t" in text.partition("\n")[0] else ",")
    return _columns(table, {str(column): str(column) for column in table}, path, "a table of people")


def read_rows(path: Path, columns: Collection[str]) -> pd.DataFrame:
    """A comma-separated list with at least these columns, every cell stripped."""
    table = _table(path, read_text(path), ",")
    return _columns(table, {column: column for column in columns}, path, f"a table with {', '.join(columns)}")


def folded(names: pd.Series) -> pd.Series:
    """Names without accents, case and punctuation: `Demián_Bichir` and `demian bichir` are one."""
    plain = names.astype("str").str.normalize("NFKD").str.replace(r"[\u0300-\u036f]", "", regex=True)
    return plain.str.casefold().str.replace(r"[\W_]+", " ", regex=True).str.strip()
