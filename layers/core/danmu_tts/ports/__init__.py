"""What the services need from the world: every port, on one screen.

Units are in the names. Adapters implement these by shape, without importing them.
"""

from danmu_tts.ports.audio import (
    AudioEncoder,
    AudioEncoders,
    AudioFile,
    AudioJoiner,
    AudioJoiners,
    AudioLink,
    AudioLinks,
    AudioListener,
    JoinedSpan,
    SignedAudioFiles,
)
from danmu_tts.ports.backends import (
    Backend,
    BackendHealth,
    BackendTraits,
    Plugin,
    QueuedBackend,
)
from danmu_tts.ports.cache import (
    CacheHit,
    ErasableCache,
    Refusal,
    RefusalCache,
    SpeechCache,
    TieredSpeechCache,
)
from danmu_tts.ports.connections import (
    Connections,
    Pusher,
    Utterances,
    Wishes,
)
from danmu_tts.ports.jobs import (
    Expected,
    JobStore,
)
from danmu_tts.ports.metrics import (
    Metrics,
)
from danmu_tts.ports.reading import (
    Readers,
)
from danmu_tts.ports.reference_voices import (
    FitRecording,
    KeptReference,
    ReferenceExaminer,
    ReferenceRecordings,
    ReferenceRecords,
    ReferenceVoice,
    SpokenKeys,
    UnfitRecording,
    UploadForm,
)
from danmu_tts.ports.rooms import (
    Listener,
    Room,
    RoomDocuments,
    Rooms,
)
from danmu_tts.ports.shared import (
    CircuitBoard,
    Flight,
    Flights,
    KeyStore,
    Ledger,
    RateLimiter,
    SharedStore,
)

__all__ = [
    "AudioEncoder",
    "AudioEncoders",
    "AudioFile",
    "AudioJoiner",
    "AudioJoiners",
    "AudioLink",
    "AudioLinks",
    "AudioListener",
    "Backend",
    "BackendHealth",
    "BackendTraits",
    "CacheHit",
    "CircuitBoard",
    "Connections",
    "ErasableCache",
    "Expected",
    "FitRecording",
    "Flight",
    "Flights",
    "JobStore",
    "JoinedSpan",
    "KeptReference",
    "KeyStore",
    "Ledger",
    "Listener",
    "Metrics",
    "Plugin",
    "Pusher",
    "QueuedBackend",
    "RateLimiter",
    "Readers",
    "ReferenceExaminer",
    "ReferenceRecordings",
    "ReferenceRecords",
    "ReferenceVoice",
    "Refusal",
    "RefusalCache",
    "Room",
    "RoomDocuments",
    "Rooms",
    "SharedStore",
    "SignedAudioFiles",
    "SpeechCache",
    "SpokenKeys",
    "TieredSpeechCache",
    "UnfitRecording",
    "UploadForm",
    "Utterances",
    "Wishes",
]
