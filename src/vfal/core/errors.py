"""Every error vfal raises on purpose.

VfalError
├── ConfigError          a key, type or value of params.yaml
├── DataError            a corpus, table, trial list or packed array
│   └── ValidationBreach     a data rule is broken; the map must stop
├── EmbeddingError       embeddings or scores that must not be evaluated
├── WeightsError         a weight file that does not fit the network
├── DivergedError        a loss that is not finite
├── BusyError            another process holds what this one needs
└── MachineError         disk, device or tool of this machine

Each message names the thing, what was found, what was expected and, where there is one, the nearest
right answer. The command line prints the message alone and exits with 1; any other exception is a bug
and keeps its traceback.
"""


class VfalError(Exception):
    """Something the user can put right; the message says how."""


class ConfigError(VfalError):
    """A key, type or value of params.yaml is refused."""


class DataError(VfalError):
    """A corpus, table, trial list or packed array is missing, damaged or inconsistent."""


class ValidationBreach(DataError):
    """A rule about the data is broken."""


class EmbeddingError(VfalError):
    """Embeddings or scores are non-finite, constant or of the wrong size."""


class WeightsError(VfalError):
    """A weight file does not fit the network it was given to."""


class DivergedError(VfalError):
    """A loss is not finite."""


class BusyError(VfalError):
    """Another process is at work on the same thing."""


class MachineError(VfalError):
    """The machine cannot do what is asked: no space, no permission, no such device, no such tool."""
