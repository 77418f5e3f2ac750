"""A backend that hums, a cache in SQLite, and a plugin that shouts.

Installing the package makes the three names known; the settings switch them on::

    DANMU_TTS_TTS__BACKENDS=hum,piper
    DANMU_TTS_CACHE__TIERS=memory,shelf,file
    DANMU_TTS_TTS__PLUGINS=shout
    EXAMPLE_SHELF_PATH=/var/lib/danmu/shelf.sqlite3
"""
