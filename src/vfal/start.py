"""Where the `vfal` command begins: what must happen before anything heavy is imported."""

import sys

from vfal.core.death import die_with_parent


def main() -> None:
    """Tie a stage to the dvc that started it, then hand over to the command line."""
    if sys.argv[1:2] == ["stage"]:
        die_with_parent()  # importing the rest takes half a second, in which dvc may die unnoticed
    from vfal.cli import main as command_line

    command_line()


if __name__ == "__main__":  # how a stage starts the processes that train with it
    main()
