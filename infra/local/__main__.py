"""``python -m infra.local`` is ``danmu-tts``."""

from infra.local.cli import main

main()
