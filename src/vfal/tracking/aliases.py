"""The registered model's versions and who holds which alias: `champion`, `previous`, `candidate`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from vfal.core.config.report import Tracking
from vfal.core.errors import DataError, MachineError
from vfal.core.switches import switch_off
from vfal.core.tables import read_table
from vfal.tracking.address import Address, resolve, why_silent
from vfal.tracking.patience import UPLOAD, patience, quiet, towards
from vfal.tracking.people import COLUMNS, PEOPLE
from vfal.tracking.store import FINGERPRINT

CHAMPION, PREVIOUS = "champion", "previous"
LATER = "Nothing is lost; run the same command again when it answers."
MODEL_WITHIN = "artifacts/model"  # of a saved model: the folder that a `Scorer` reads


@dataclass(frozen=True)
class Version:
    """One version of the registered model."""

    number: str
    run_id: str
    tags: Mapping[str, str]
    aliases: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """Of its tensors and of the parameters that say how to use them."""
        return self.tags.get(FINGERPRINT, "")


class Aliases:
    """The registered model of `tracking`, in a database beside `folder` or on a server.

    Made by `open_aliases`, which turns an MLflow that does not answer into one sentence.
    """

    def __init__(self, address: Address, name: str) -> None:
        self.address, self.name = address, name
        self.client = MlflowClient(tracking_uri=address.uri, registry_uri=address.uri)

    def versions(self) -> list[Version]:
        """Every version, the newest first."""
        found = self.client.search_model_versions(f"name = '{self.name}'")
        holders = self._holders()
        whole = [_version(one, holders) for one in found]
        return sorted(whole, key=lambda one: -int(one.number))

    def holder(self, alias: str) -> Version | None:
        """The version that holds `alias`; None when nobody does."""
        return next((one for one in self.versions() if alias in one.aliases), None)

    def of_fingerprint(self, fingerprint: str) -> Version | None:
        """The version with this fingerprint."""
        return next((one for one in self.versions() if one.fingerprint == fingerprint), None)

    def give(self, alias: str, version: Version) -> None:
        """Let `version` hold `alias`, whoever held it before."""
        self.client.set_registered_model_alias(self.name, alias, version.number)

    def tag(self, version: Version, tags: Mapping[str, str]) -> None:
        """Write tags on a version; one that is there is replaced."""
        for key, value in tags.items():
            self.client.set_model_version_tag(self.name, version.number, key, value)

    def untag(self, version: Version, key: str) -> None:
        """Take a tag off a version, if it is there."""
        if key in version.tags:
            self.client.delete_model_version_tag(self.name, version.number, key)

    def keep(self, version: Version, files: list[Path]) -> None:
        """Put files beside the run that made `version`, below `promotion/`."""
        for path in files:
            self.client.log_artifact(version.run_id, str(path), "promotion")

    def fetch(self, version: Version, folder: Path, within: str = "") -> Path:
        """Copy the files of `version` (or one of them) into `folder`; where they are then."""
        place = "/".join(part for part in (MODEL_WITHIN, within) if part)
        source = self.client.get_model_version_download_uri(self.name, version.number)
        with patience(UPLOAD):
            found = download_artifacts(
                artifact_uri=f"{source.rstrip('/')}/{place}",
                dst_path=str(folder),
                tracking_uri=self.address.uri,
            )
        return Path(found)

    def people(self, version: Version, folder: Path) -> pd.DataFrame:
        """identity, split of everybody the version was made with; `folder` takes the file.

        A version of a vfal that did not write them down is a `DataError`.
        """
        try:
            return read_table(self.fetch(version, folder, PEOPLE), COLUMNS)
        except (MlflowException, FileNotFoundError, DataError):
            raise DataError(
                f"model {self.name} version {version.number} does not say who it was trained with: it was "
                "registered by an older vfal. Delete the version, or register it anew."
            ) from None

    def _holders(self) -> dict[str, str]:
        """Aliases and the numbers of the versions that hold them; searching for versions leaves them out."""
        try:
            return dict(self.client.get_registered_model(self.name).aliases)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return {}
            raise


@contextmanager
def open_aliases(tracking: Tracking, folder: Path) -> Iterator[Aliases]:
    """The registered model, for the time of the block.

    Whatever MLflow raises in the block, and its silence at the start, is a `MachineError` of one sentence.
    """
    switch_off()
    address = resolve(tracking.uri, folder)
    if reason := why_silent(address):
        raise MachineError(f"MLflow at {address.shown}: {reason.rstrip('.')}. {LATER}")
    try:
        with patience(towards(address.uri)), quiet():
            yield Aliases(address, tracking.model_name)
    except (MlflowException, SQLAlchemyError) as error:
        reason = str(error).strip().partition("\n")[0].replace(address.uri, address.shown).rstrip(".")
        raise MachineError(f"MLflow at {address.shown}: {reason}. {LATER}") from error


def _version(found: ModelVersion, holders: Mapping[str, str]) -> Version:
    aliases = tuple(sorted(alias for alias, number in holders.items() if str(number) == str(found.version)))
    return Version(str(found.version), found.run_id or "", dict(found.tags), aliases)
