"""Whose fault a failure is."""

from enum import Enum


class Blame(Enum):
    """What a failure says about its backend."""

    NONE = "nothing: the request or the caller's haste is to blame"
    SOME = "it may be ill: several in a row mean that it is"
    ALL = "it will not serve us for a while, however often it is asked"
