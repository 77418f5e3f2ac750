"""No example of hypothesis is judged by the clock: the machine may be busy. Real servers are fixtures everywhere."""

from hypothesis import settings

pytest_plugins = ["tests.servers.fixtures"]

settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")
