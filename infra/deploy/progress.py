"""How far it has come, for whoever presses Ctrl-C."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from infra.deploy.errors import DeployError

_INTERRUPTED = 130


class Progress:
    """What holds at this moment."""

    def __init__(self) -> None:
        self.state = "Nothing was changed."

    def now(self, state: str) -> None:
        """From here on it is this that Ctrl-C leaves behind."""
        self.state = state


@contextmanager
def told(again: str) -> Iterator[Progress]:
    """End with a line for DeployError, and for Ctrl-C with how things are; ``again``: what it does next time."""
    progress = Progress()
    try:
        yield progress
    except DeployError as trouble:
        typer.secho(trouble.wrong, fg=typer.colors.RED, err=True)
        if trouble.advice:
            typer.echo(trouble.advice, err=True)
        raise typer.Exit(1) from trouble
    except (KeyboardInterrupt, typer.Abort) as stopped:
        typer.echo(f"\nStopped. {progress.state} {again}", err=True)
        raise typer.Exit(_INTERRUPTED) from stopped
