"""The libraries that are loaded with the first line that is spoken: all of them at once, before anybody waits."""

from importlib import import_module

# boto3 comes with what a client of S3 is made of.
_LIBRARIES = ("aiohttp", "boto3", "botocore.session", "lameenc", "numpy", "redis.asyncio", "soxr")


def load_libraries() -> None:
    """Import them. Raises ImportError where one is not installed."""
    for name in _LIBRARIES:
        import_module(name)
