"""What is done with speech that a vendor sends as MP3: nothing, or decoding it for another encoder."""

import io

from danmu_tts.domain.errors import BadAudioError
from danmu_tts.ports import AudioEncoder


class AsItIs:
    """An encoder that encodes nothing; see ``ports.AudioEncoder``."""

    def __init__(self, sample_rate_hz: int) -> None:
        self.sample_rate_hz = sample_rate_hz

    def write(self, data: bytes) -> bytes:
        """Give back what was taken."""
        return data

    def finish(self) -> bytes:
        """Nothing is left."""
        return b""


class Mp3Decoder:
    """Hands decoded samples to another encoder. libsndfile reads files, not streams, so all of it comes at the end."""

    def __init__(self, encoder: AudioEncoder) -> None:
        self._encoder = encoder
        self._frames = bytearray()

    @property
    def sample_rate_hz(self) -> int:
        """Rate of what comes out."""
        return self._encoder.sample_rate_hz

    def write(self, data: bytes) -> bytes:
        """Take MP3 frames."""
        self._frames += data
        return b""

    def finish(self) -> bytes:
        """Give all of the audio. Raises BadAudioError for frames that do not decode."""
        import soundfile

        try:
            with soundfile.SoundFile(io.BytesIO(self._frames)) as file:
                samples = file.read(dtype="int16", always_2d=True)[:, 0]
        except soundfile.LibsndfileError as error:
            raise BadAudioError("The vendor sent MP3 that cannot be decoded.") from error
        return self._encoder.write(samples.tobytes()) + self._encoder.finish()
