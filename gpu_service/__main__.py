"""``python -m gpu_service consume|serve|check``."""

import argparse
import os
import sys

from pydantic import ValidationError

from gpu_service.commands import NotStartedError, check, consume, serve
from gpu_service.settings import Settings

_LICENCE = """\
XTTS v2's weights are under the Coqui Public Model License (CPML, https://coqui.ai/cpml): non-commercial use only, and
the same goes for what they say. If you have read it and agree, or have a commercial licence, set COQUI_TOS_AGREED=1.
"""
_BAD_CONFIGURATION = 78  # EX_CONFIG of sysexits.h


def main() -> int:
    """Run a command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m gpu_service", description="XTTS for Danmu TTS.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("consume", help="take jobs from SQS (ECS, or any machine with a GPU)")
    commands.add_parser("serve", help="answer SageMaker's GET /ping and POST /invocations")
    commands.add_parser("check", help="ask the one that runs here for its health; status 1 where it is unwell")
    command = parser.parse_args().command
    if command != "check" and os.environ.get("COQUI_TOS_AGREED") != "1":
        sys.stderr.write(_LICENCE)
        return _BAD_CONFIGURATION
    try:
        settings = Settings()
    except ValidationError as error:
        for one in error.errors(include_url=False):
            name = "__".join(str(part).upper() for part in one["loc"])
            sys.stderr.write(f"DANMU_TTS_GPU__{name}: {one['msg']}\n")
        return _BAD_CONFIGURATION
    try:
        return {"consume": consume, "serve": serve, "check": check}[command](settings)
    except NotStartedError as error:
        sys.stderr.write(f"{error}\n")
        return _BAD_CONFIGURATION


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # threads that wait for a GPU or a network end with it
