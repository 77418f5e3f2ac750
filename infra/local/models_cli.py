"""``danmu-tts models``: which voices can be fetched, and fetching them."""

from typing import Annotated

import typer

models_app = typer.Typer(help="Voices to fetch.", no_args_is_help=True)


@models_app.command("list")
def list_models() -> None:
    """List all models that can be fetched, and which are here."""
    from rich.console import Console
    from rich.filesize import decimal
    from rich.table import Table

    from danmu_tts.bootstrap import container
    from models.manifest import is_installed, load_manifest

    directory = container().settings.models.directory
    table = Table("model", "language", "size", "licence", "here", box=None)
    for entry in load_manifest().models:
        languages = ", ".join(entry.languages[:3]) + (" …" if len(entry.languages) > 3 else "")
        here = "yes" if is_installed(entry, directory) else ""
        table.add_row(entry.name, languages, decimal(entry.total_bytes), entry.licence, here)
    Console().print(table)


@models_app.command("fetch")
def fetch_models(
    names: Annotated[list[str], typer.Argument(help="Models by name; see `danmu-tts models list`.")],
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="I have read and accept its licence.")
    ] = False,
    mirror: Annotated[
        str | None, typer.Option(help="Another host with the same paths, e.g. https://mirror.example.")
    ] = None,
) -> None:
    """Fetch models. Ctrl-C keeps what is there; the next run goes on from it."""
    from danmu_tts.bootstrap import container
    from models.errors import DownloadError, FetchError
    from models.fetch import fetch
    from models.manifest import load_manifest
    from models.progress import RichProgress

    settings = container().settings.models
    try:
        for entry in [load_manifest().find(name) for name in names]:
            folder = fetch(
                entry,
                settings.directory,
                mirror_base_url=mirror or settings.mirror_url,
                accept_licence=accept_licence,
                progress=RichProgress(),
            )
            typer.echo(f"{entry.name} is in {folder} (licence: {entry.licence}, {entry.licence_url})")
    except FetchError as error:
        typer.echo(f"{error}", err=True)
        if isinstance(error, DownloadError):
            typer.echo("Run the same command again to go on from here; --mirror URL takes another host.", err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt as interrupt:
        typer.echo("Stopped. Run the same command again to go on from here.", err=True)
        raise typer.Exit(130) from interrupt
