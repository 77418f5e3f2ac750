import json
import logging
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from danmu_tts import plugins
from danmu_tts.adapters.backends import kokoro
from danmu_tts.domain.errors import BackendDisabledError
from danmu_tts.plugins import Additions, Broken, Kind, NotInstalledError, load_factory
from tests.builders.fake_backend import FakeBackend
from tests.builders.logs import captured_logs

TABLE = {"dumps": "json:dumps", "gone": "json:no_such_name", "nowhere": "no_such_module_here:create"}


class Installed:
    """Entry points as packages would declare them: name to what its factory does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, kind: Kind, **factories: Any) -> None:
        class Entry:
            def __init__(self, name: str) -> None:
                self.name = name

            def load(self) -> Any:
                return factories[self.name]

        found = [Entry(name) for name in factories]
        monkeypatch.setattr(plugins, "entry_points", lambda group: found if group == kind.group else [])


def raising(error: BaseException) -> Any:
    def create(*context: object) -> object:
        raise error

    return create


def test_a_name_of_ours_is_found_in_the_table() -> None:
    assert load_factory(Kind.BACKEND, "dumps", TABLE) is json.dumps


def test_any_other_name_is_found_by_its_entry_point() -> None:
    assert load_factory(Kind.BACKEND, "kokoro", {}) is kokoro.create


def test_the_table_goes_before_an_entry_point_of_that_name() -> None:
    assert load_factory(Kind.BACKEND, "kokoro", {"kokoro": "json:dumps"}) is json.dumps


@pytest.mark.parametrize("kind", [Kind.CACHE, Kind.PLUGIN])
def test_a_name_is_known_among_its_own_kind_only(kind: Kind) -> None:
    with pytest.raises(NotInstalledError, match=f"no {kind} of that name is installed; known here: none"):
        load_factory(kind, "kokoro", {})


@pytest.mark.parametrize("name", ["vapour", ""])
def test_an_unknown_name_is_refused_with_all_that_are_known(name: str) -> None:
    with pytest.raises(NotInstalledError, match=r"known here: dumps, gone, kokoro, nowhere$"):
        load_factory(Kind.BACKEND, name, TABLE)


def test_what_importing_raises_is_raised() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module_here"):
        load_factory(Kind.BACKEND, "nowhere", TABLE)
    with pytest.raises(AttributeError, match="no_such_name"):
        load_factory(Kind.BACKEND, "gone", TABLE)


def test_an_entry_point_is_imported_only_when_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    group = Kind.PLUGIN.group
    entries = [EntryPoint("hum", "json:loads", group), EntryPoint("bad", "no_such_module_here:create", group)]
    monkeypatch.setattr(plugins, "entry_points", lambda group: entries)
    assert load_factory(Kind.PLUGIN, "hum", {}) is json.loads
    with pytest.raises(ModuleNotFoundError):
        load_factory(Kind.PLUGIN, "bad", {})


@pytest.mark.parametrize("kind", Kind)
def test_the_group_of_a_kind_is_its_plural(kind: Kind) -> None:
    assert (
        kind.group
        == {"backend": "danmu_tts.backends", "cache": "danmu_tts.caches", "plugin": "danmu_tts.plugins"}[kind.value]
    )


def test_what_a_factory_makes_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    backend, context = FakeBackend(), object()
    given: list[object] = []

    def create(asked: object) -> FakeBackend:
        given.append(asked)
        return backend

    Installed(monkeypatch, Kind.BACKEND, hum=create)
    additions = Additions()
    assert additions.make(Kind.BACKEND, "hum", {}, context) is backend  # type: ignore[arg-type]  # passed on unread
    assert given == [context]
    assert additions.broken == []


def test_what_is_not_installed_is_said_in_its_own_words() -> None:
    additions = Additions()
    assert additions.make(Kind.BACKEND, "vapour", {"piper": "x:y"}) is None
    reason = "no backend of that name is installed; known here: kokoro, piper"
    assert additions.broken == [Broken(Kind.BACKEND, "vapour", reason)]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("no such model"), "ValueError: no such model"),
        (ModuleNotFoundError("No module named 'x'"), "ModuleNotFoundError: No module named 'x'"),
        (KeyError("region"), "KeyError: 'region'"),
        (IndexError("out of range"), "IndexError: out of range"),
        (SystemExit(2), "SystemExit: 2"),
    ],
)
def test_what_a_factory_raises_is_reported_with_its_kind_and_takes_nothing_down(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, reason: str
) -> None:
    Installed(monkeypatch, Kind.PLUGIN, shout=raising(error))
    additions = Additions()
    assert additions.make(Kind.PLUGIN, "shout", {}) is None
    assert additions.broken == [Broken(Kind.PLUGIN, "shout", reason)]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), BackendDisabledError("off")])
def test_who_stops_the_program_or_is_switched_off_is_not_broken(
    monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    Installed(monkeypatch, Kind.BACKEND, hum=raising(error))
    additions = Additions()
    with pytest.raises(type(error)):
        additions.make(Kind.BACKEND, "hum", {})
    assert additions.broken == []


@pytest.mark.parametrize(
    ("kind", "port"), [(Kind.BACKEND, "Backend"), (Kind.CACHE, "SpeechCache"), (Kind.PLUGIN, "Plugin")]
)
@pytest.mark.parametrize("made", [None, object(), "shout"])
def test_what_is_not_of_its_kind_is_left_out(
    monkeypatch: pytest.MonkeyPatch, kind: Kind, port: str, made: object
) -> None:
    Installed(monkeypatch, kind, shout=lambda: made)
    additions = Additions()
    assert additions.make(kind, "shout", {}) is None
    reason = f"TypeError: its factory made a {type(made).__name__}, which is no ports.{port}"
    assert additions.broken == [Broken(kind, "shout", reason)]


def test_one_kind_is_not_taken_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    Installed(monkeypatch, Kind.PLUGIN, fake=FakeBackend)
    assert Additions().make(Kind.PLUGIN, "fake", {}) is None


def test_each_that_is_left_out_is_logged_as_a_warning() -> None:
    additions = Additions()
    with captured_logs() as records:
        additions.make(Kind.CACHE, "shelf", {})
        additions.make(Kind.PLUGIN, "shout", {})
    assert [(record.levelno, vars(record)["kind"], vars(record)["plugin"]) for record in records] == [
        (logging.WARNING, "cache", "shelf"),
        (logging.WARNING, "plugin", "shout"),
    ]
    assert [each.reason for each in additions.broken] == [vars(record)["reason"] for record in records]
