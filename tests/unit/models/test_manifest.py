"""The shipped manifest, and manifests that must not be believed."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from models.errors import UnknownModelError
from models.manifest import Manifest, load_manifest

SHA = "sha256:" + "0" * 64


def entry(name: str = "a", path: str = "a.onnx", digest: str = SHA, **facts: Any) -> dict[str, Any]:
    return {
        "name": name,
        "kind": "piper",
        "languages": ["en-US"],
        "licence": "see MODEL_CARD",
        "licence_url": "https://licence.example/",
        "requires_acceptance": False,
        "base_url": "https://models.example/",
        "files": [{"path": path, "size_bytes": 1, "digest": digest}],
        **facts,
    }


def load(folder: Path, *entries: dict[str, Any]) -> Manifest:
    path = folder / "manifest.yaml"
    path.write_text(yaml.safe_dump({"models": list(entries)}), encoding="utf-8")
    return load_manifest(path)


def test_the_shipped_manifest_has_every_voice_once_and_only_safe_paths(tmp_path: Path) -> None:
    manifest = load_manifest()

    names = [model.name for model in manifest.models]
    assert len(names) == len(set(names)) == 11
    paths = [model.local_path(file, tmp_path).resolve() for model in manifest.models for file in model.files]
    assert len(paths) == len(set(paths))
    assert all(path.parent in (tmp_path.resolve() / "piper", tmp_path.resolve() / "xtts") for path in paths)


def test_a_shipped_piper_voice_has_its_model_its_config_and_its_card(tmp_path: Path) -> None:
    voice = load_manifest().find("zh_CN-huayan-medium")

    assert [voice.local_path(file, tmp_path).name for file in voice.files] == [
        "zh_CN-huayan-medium.onnx",
        "zh_CN-huayan-medium.onnx.json",
        "zh_CN-huayan-medium.MODEL_CARD",
    ]
    assert voice.languages == ("zh-CN",)
    assert voice.total_bytes == 63201294 + 4822 + 276
    assert voice.files[0].digest == "md5:40cdb7930ff91b81574d5f0489e076ea"
    assert not voice.requires_acceptance


def test_only_xtts_has_to_be_accepted_and_is_pinned_by_sha256() -> None:
    accepted = [model for model in load_manifest().models if model.requires_acceptance]

    assert [model.name for model in accepted] == ["xtts-v2"]
    assert accepted[0].licence == "CPML-1.0 (non-commercial use only)"
    assert all(file.digest.startswith("sha256:") for file in accepted[0].files)


def test_an_unknown_name_is_answered_with_close_ones() -> None:
    with pytest.raises(UnknownModelError, match="did you mean zh_CN-huayan-medium"):
        load_manifest().find("zh_CN-huayan-medum")


def test_a_name_like_no_other_is_answered_with_all() -> None:
    with pytest.raises(UnknownModelError, match=r"known models: .*zh_CN-huayan-medium.*xtts-v2"):
        load_manifest().find("?")


def test_a_model_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_manifest().models[0].requires_acceptance = True  # type: ignore[misc]


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../escape.onnx",
        "a/../../escape.onnx",
        "a/..",
        "..",
        ".",
        "",
        "a//b",
        "a/",
        "C:/windows/a.dll",
        "C:a.dll",
        "a\\..\\b",
        "\\\\host\\share",
        "a.onnx\n",
        "%2e%2e/a",
        "a?b",
        "a.onnx.part",
        "a.onnx.",
        ".hidden",
    ],
)
def test_a_hostile_path_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValidationError, match=r"files\.0\.path"):
        load(tmp_path, entry(path=path))


@pytest.mark.parametrize("name", ["../a", "a/b", "", ".", "a\\b", "a b", "a\n"])
def test_a_hostile_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValidationError, match=r"models\.0\.name"):
        load(tmp_path, entry(name=name))


@pytest.mark.parametrize("digest", ["crc32:00000000", "0" * 64, "sha256:" + "0" * 63, "md5:" + "0" * 64, SHA.upper()])
def test_an_unknown_or_malformed_digest_is_refused(tmp_path: Path, digest: str) -> None:
    with pytest.raises(ValidationError, match="digest"):
        load(tmp_path, entry(digest=digest))


@pytest.mark.parametrize("base_url", ["ftp://a.example/", "file:///etc/", "https://a.example/x", "https:///x/", "/x/"])
def test_a_base_url_that_is_no_http_folder_is_refused(tmp_path: Path, base_url: str) -> None:
    with pytest.raises(ValidationError, match="base_url"):
        load(tmp_path, entry(base_url=base_url))


@pytest.mark.parametrize("other", ["a", "A"])
def test_a_name_used_twice_is_refused(tmp_path: Path, other: str) -> None:
    with pytest.raises(ValidationError, match="name used twice: a"):
        load(tmp_path, entry("a"), entry(other, "b.onnx"))


def test_two_files_that_would_overwrite_each_other_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"local file used twice: piper/a\.onnx"):
        load(tmp_path, entry("a", "x/a.onnx"), entry("b", "y/A.onnx"))


@pytest.mark.parametrize("facts", [{"kind": "other"}, {"files": []}, {"surprise": 1}, {"requires_acceptance": None}])
def test_an_unsound_entry_is_refused(tmp_path: Path, facts: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        load(tmp_path, entry(**facts))
