import hashlib
import hmac
import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from danmu_tts.adapters.cache.files import FileCache
from danmu_tts.adapters.cache.signed_files import SignedFiles, StoredAudioFile
from danmu_tts.domain.audio import AudioFormat
from danmu_tts.ports import AudioLink
from tests.builders.clock import FakeClock
from tests.builders.speech import KEY, a_key, a_speech

TTL_S = 900


@dataclass(frozen=True)
class Shop:
    """A store, its signer, and the clock of both."""

    directory: Path
    files: FileCache
    signer: SignedFiles
    clock: FakeClock

    async def linked(self) -> AudioLink:
        link = await self.signer.link(KEY, a_speech())
        assert link is not None
        return link

    def opened(self, link: AudioLink, **changed: str) -> StoredAudioFile | None:
        query = parse_qs(urlsplit(link.url).query)
        asked = {
            "key": urlsplit(link.url).path.rpartition("/")[2],
            "expires": query["expires"][0],
            "signature": query["signature"][0],
        } | changed
        return self.signer.open_signed(asked["key"], expires=asked["expires"], signature=asked["signature"])


def a_shop(directory: Path, signing_key: str | None = None) -> Shop:
    clock = FakeClock()
    files = FileCache(directory / "cache", 10_000, ttl_s=3600, clock=clock)
    return Shop(directory, files, SignedFiles(files, directory / "keys" / "key", TTL_S, signing_key, clock), clock)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return a_shop(tmp_path)


async def test_a_link_opens_the_audio(shop: Shop) -> None:
    opened = shop.opened(await shop.linked())
    assert opened is not None
    assert opened.path.read_bytes() == a_speech().audio
    assert (opened.content_type, opened.etag) == ("audio/mpeg", f'"{KEY}"')


async def test_the_link_says_until_when_it_works(shop: Shop) -> None:
    link = await shop.linked()
    assert link.expires_at == int(shop.clock()) + TTL_S
    shop.clock.advance(TTL_S)
    assert shop.opened(link)
    shop.clock.advance(1)
    assert shop.opened(link) is None


async def test_a_signature_holds_for_its_key_only(shop: Shop) -> None:
    link = await shop.linked()
    await shop.files.set(a_key(1), a_speech(audio_format=AudioFormat.WAV))
    assert shop.opened(link, key=a_key(1)) is None


async def test_nobody_can_prolong_a_link(shop: Shop) -> None:
    link = await shop.linked()
    assert shop.opened(link, expires=str(link.expires_at + 1)) is None


@pytest.mark.parametrize("signature", ["", "0" * 64, "ä" * 64, "x\x00", "\ud800"])
async def test_a_wrong_signature_opens_nothing(shop: Shop, signature: str) -> None:
    assert shop.opened(await shop.linked(), signature=signature) is None


async def test_one_changed_digit_spoils_the_signature(shop: Shop) -> None:
    link = await shop.linked()
    signature = link.url.rpartition("=")[2]
    assert shop.opened(link, signature=signature[:-1] + ("0" if signature[-1] != "0" else "1")) is None


@pytest.mark.parametrize(
    "expires", ["", "soon", "-1", "1e9", "1_000", " 1", "１２３", "²", "9" * 13, "9" * 5000, "0x10", "1.0"]
)
async def test_an_expiry_that_is_no_plain_number_opens_nothing(shop: Shop, expires: str) -> None:
    assert shop.opened(await shop.linked(), expires=expires) is None


@pytest.mark.parametrize("key", ["", "../../etc/passwd", KEY.upper(), f"{KEY}\n", "键", "\ud800"])
async def test_a_hostile_key_opens_nothing(shop: Shop, key: str) -> None:
    assert shop.opened(await shop.linked(), key=key) is None


async def test_audio_that_is_gone_is_told_from_a_wrong_link(shop: Shop) -> None:
    link = await shop.linked()
    shutil.rmtree(shop.directory / "cache")
    with pytest.raises(FileNotFoundError):
        shop.opened(link)


async def test_linking_stores_again_what_was_evicted(shop: Shop) -> None:
    await shop.linked()
    shutil.rmtree(shop.directory / "cache")
    assert shop.opened(await shop.linked())


async def test_there_is_no_link_where_nothing_can_be_stored(shop: Shop) -> None:
    assert await shop.signer.link(KEY, a_speech(bytes(20_000))) is None


async def test_there_is_no_link_where_the_folder_is_a_file(shop: Shop) -> None:
    (shop.directory / "cache").write_text("a file where the folder should be")
    assert await shop.signer.link(KEY, a_speech()) is None


async def test_links_survive_a_restart(shop: Shop) -> None:
    link = await shop.linked()
    assert a_shop(shop.directory).opened(link)


async def test_the_key_on_disk_is_for_its_owner_only(shop: Shop) -> None:
    await shop.linked()
    key_file = shop.directory / "keys" / "key"
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert len(key_file.read_bytes()) >= 32


async def test_each_installation_has_a_key_of_its_own(tmp_path: Path) -> None:
    link = await a_shop(tmp_path / "one").linked()
    other = a_shop(tmp_path / "other")
    await other.linked()
    assert other.opened(link) is None


@pytest.mark.parametrize("key_on_disk", [b"", b"k" * 31])
async def test_a_key_file_that_is_too_short_signs_nothing_and_is_replaced(shop: Shop, key_on_disk: bytes) -> None:
    await shop.files.set(KEY, a_speech())
    key_file = shop.directory / "keys" / "key"
    key_file.parent.mkdir()
    key_file.write_bytes(key_on_disk)
    expires = str(int(shop.clock()) + TTL_S)
    forged = hmac.new(key_on_disk, f"{KEY}\n{expires}".encode(), hashlib.sha256).hexdigest()
    assert shop.signer.open_signed(KEY, expires=expires, signature=forged) is None
    assert len(key_file.read_bytes()) >= 32
    assert shop.opened(await shop.linked())


async def test_a_given_key_is_used_and_nothing_is_written(tmp_path: Path) -> None:
    link = await a_shop(tmp_path, signing_key="k" * 32).linked()
    assert a_shop(tmp_path, signing_key="k" * 32).opened(link)
    assert a_shop(tmp_path, signing_key="l" * 32).opened(link) is None
    assert not (tmp_path / "keys").exists()


async def test_without_room_for_a_signing_key_there_is_no_link_and_nothing_opens(tmp_path: Path) -> None:
    files = FileCache(tmp_path / "cache", 10_000, ttl_s=60, clock=FakeClock())
    await files.set(KEY, a_speech())
    (tmp_path / "not a folder").write_text("")
    signed = SignedFiles(files, tmp_path / "not a folder" / "key", ttl_s=900, clock=FakeClock())
    assert await signed.link(KEY, a_speech()) is None
    assert signed.open_signed(KEY, expires="9999999999", signature="a") is None
