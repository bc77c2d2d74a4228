"""The commands about official lists: they work on anybody's files, outside a checkout too."""

from pathlib import Path
from typing import Annotated

import typer

lists_app = typer.Typer(no_args_is_help=True, help="Official trial lists: check them, draw missing ones.")

Meta = Annotated[
    list[Path] | None,
    typer.Option(help="Table of people (vox1_meta.csv); one beside the list is found by itself."),
]
EmbeddingFiles = Annotated[
    list[Path],
    typer.Option("--embeddings", help="npz, npy with txt, parquet or safetensors: path to vector."),
]


def score(
    embeddings: EmbeddingFiles,
    list_: Annotated[
        list[Path], typer.Option("--list", help="An official list; may be given several times.")
    ],
    list_format: Annotated[str, typer.Option("--format", help="auto, or a format's name.")] = "auto",
    replicate: Annotated[
        str, typer.Option(help="ssos, cmpc, fop, vfal_eva, fame: their rules, not ours.")
    ] = "",
    meta: Meta = None,
    intervals: Annotated[bool, typer.Option(help="Identity bootstrap, 1,000 draws.")] = True,
    missing: Annotated[str, typer.Option(help="error, or drop: trials of items without a vector.")] = "error",
    breakdown: Annotated[list[str] | None, typer.Option(help="gender, nationality, age_band.")] = None,
    recall_at: Annotated[list[int] | None, typer.Option(help="The k of recall@k.")] = None,
    against: Annotated[
        list[Path] | None, typer.Option(help="Another model's embeddings: differences with paired intervals.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda: where galleries are ranked.")] = "auto",
    approximate: Annotated[bool, typer.Option(help="Also recall@k by faiss, with what it misses.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to write every number.")] = None,
) -> None:
    """Score anybody's embeddings on official lists."""
    from vfal.lists.commands import run_score

    scorer = None
    if device != "cpu" and (device != "auto" or Path("/dev/nvidiactl").exists()):
        from vfal.training.device_scoring import DeviceCosine  # torch, which takes seconds to import

        scorer = DeviceCosine("cuda" if device == "auto" else device)
    run_score(
        embeddings,
        list_,
        list_format=list_format,
        replicate=replicate,
        meta=meta or [],
        intervals=intervals,
        missing=missing,
        breakdown=breakdown or [],
        recall_at=recall_at or [],
        approximate=approximate,
        scorer=scorer,
        against=against or [],
        json_file=json_file,
    )


@lists_app.command()
def check(
    files: list[Path],
    list_format: Annotated[str, typer.Option("--format", help="auto, or a format's name.")] = "auto",
    meta: Meta = None,
    splits: Annotated[Path | None, typer.Option(help="identity_splits.txt of Learnable PINs.")] = None,
) -> None:
    """What lists are, their counts and their defects; exit 1 when there is one that is not known of."""
    from vfal.lists.commands import run_check

    raise typer.Exit(run_check(files, list_format=list_format, meta=meta or [], splits=splits))


@lists_app.command()
def make(
    out: Annotated[Path, typer.Option(help="The folder to write to.")],
    items: Annotated[
        list[Path] | None, typer.Option(help="A list, or a file of paths, whose items are asked.")
    ] = None,
    prepared: Annotated[
        Path | None, typer.Option(help="Instead: a prepared corpus (data/prepared), whose items are asked.")
    ] = None,
    split: Annotated[str, typer.Option(help="Of the prepared corpus.")] = "test",
    rule: Annotated[str, typer.Option(help="ssos, cmpc, pins, svhf: whose rule.")] = "ssos",
    meta: Meta = None,
    tag: Annotated[str, typer.Option(help="In the file names.")] = "test",
    group: Annotated[list[str] | None, typer.Option(help="all, same_gender, same_nationality.")] = None,
    candidates: Annotated[int, typer.Option(help="Of a matching trial.", min=2, max=10)] = 2,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 1,
) -> None:
    """Draw lists by a published rule; they are marked regenerated."""
    from vfal.lists.commands import run_make

    run_make(
        items or [],
        out,
        prepared=prepared,
        split=split,
        rule=rule,
        meta=meta or [],
        tag=tag,
        groups=group or [],
        candidates=candidates,
        seed=seed,
    )


def submit_fame(
    embeddings: EmbeddingFiles,
    list_: Annotated[list[Path], typer.Option("--list", help="<language>_test.txt with keys.")],
    trained_on: Annotated[str, typer.Option(help="The language heard in training.")],
    out: Annotated[Path, typer.Option(help="The folder to write to.")],
) -> None:
    """Write the score files of the FAME challenge, and a zip of them."""
    from vfal.lists.commands import run_submission

    run_submission(embeddings, list_, trained_on=trained_on, out=out)


def add_to(app: typer.Typer) -> None:
    """Make them commands of `app`."""
    app.add_typer(lists_app, name="lists")
    app.command()(score)
    app.command()(submit_fame)
