"""What a streamer says of how Danmu TTS shall run: said now, known from last time, or what goes without saying."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from infra.deploy.errors import DeployError
from infra.deploy.secret import AZURE_KEY, OPENAI_KEY, REDIS_URL, Kept

PROFILES = {
    "cheap": "speech over REST; rooms too with a Redis of yours",
    "standard": "with a cache of its own, and quicker after a rest",
    "gpu": "the same, and XTTS with cloned voices, by a GPU that is there while somebody wants it",
}
_YES_NO = {True: "true", False: "false"}


@dataclass(frozen=True, slots=True)
class Answers:
    """None: not said. Of the three secrets an empty one means that there shall be none any more."""

    profile: str | None = None
    redis_url: str | None = None
    edge_voices: bool | None = None
    azure_region: str | None = None
    azure_key: str | None = None
    openai_key: str | None = None
    monthly_usd: str | None = None
    alarm_email: str | None = None
    gpu_image: str | None = None
    gpu_licence: bool | None = None
    architecture: str | None = None
    more: Mapping[str, str] = field(default_factory=dict)
    """Other parameters of the template."""

    def secrets(self) -> dict[str, str]:
        """What of the secret changes."""
        said = {REDIS_URL: self.redis_url, AZURE_KEY: self.azure_key, OPENAI_KEY: self.openai_key}
        return {name: value for name, value in said.items() if value is not None}

    def secret_names(self, known: "Known") -> frozenset[str]:
        """What the secret will have."""
        changes = self.secrets()
        return frozenset(name for name in {*known.secret_names, *changes} if changes.get(name, "kept"))

    def parameters(self, known: "Known", kept: Kept) -> dict[str, str]:
        """The template's, for a stack that has whatever it has already. None of them is a secret."""
        return {
            "Profile": self.profile or "cheap",
            "SecretArn": kept.arn,
            "SecretVersion": kept.version,
            "EdgeVoices": _YES_NO[bool(self.edge_voices)],
            "AzureRegion": self.azure_region or "",
            "OpenAiVoices": _YES_NO[OPENAI_KEY in self.secret_names(known)],
            "MonthlyUsd": self.monthly_usd or "",
            "AlarmEmail": self.alarm_email or "",
            "GpuImage": self.gpu_image or "",
            "GpuLicence": "accepted" if self.gpu_licence else "",
            "Architecture": self.architecture or "arm64",
            **self.more,
        }

    def check(self, known: "Known") -> None:
        """Raise DeployError where one answer lacks another."""
        if self.profile not in PROFILES:
            raise DeployError(f"There is no profile {self.profile}.", f"There are {', '.join(PROFILES)}.")
        if self.profile == "gpu" and not (self.gpu_image and self.gpu_licence):
            wrong = "XTTS needs its image, and that you accept its licence: not for business, https://coqui.ai/cpml."
            raise DeployError(wrong, "gpu_service/README.md makes the image; then --gpu-image … --accept-xtts-licence.")
        if self.azure_region and AZURE_KEY not in self.secret_names(known):
            raise DeployError("Azure's voices need a key too.", f"Set {AZURE_KEY}, or leave the region empty.")
        try:
            usd = float(self.monthly_usd or 0)
        except ValueError:
            usd = -1.0
        if not 0 <= usd < float("inf"):
            raise DeployError(f"{self.monthly_usd} is no sum of USD.", "Like 5 or 2.50.")

    def gpu(self, known: "Known") -> str:
        """Where XTTS will run: none, own, ecs or sagemaker."""
        said = {**known.parameters, **self.more}.get("Gpu", "profile")
        return (
            {"cheap": "none", "standard": "none", "gpu": "ecs"}[self.profile or "cheap"] if said == "profile" else said
        )

    def has_cloud_voice(self, known: "Known") -> bool:
        """Whether anybody but Piper speaks, who knows English only."""
        return bool(self.edge_voices or self.azure_region or OPENAI_KEY in self.secret_names(known))

    def has_redis(self, known: "Known") -> bool:
        """Whether rooms and sessions will work."""
        return self.profile != "cheap" or REDIS_URL in self.secret_names(known)


@dataclass(frozen=True, slots=True)
class Known:
    """What last time's answers came to."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    secret_names: frozenset[str] = frozenset()

    def complete(self, said: Answers) -> Answers:
        """Put in what was not said. A secret that was not said stays as it is."""
        had = self.parameters
        edge, licence = had.get("EdgeVoices") == "true", had.get("GpuLicence") == "accepted"
        return replace(
            said,
            profile=said.profile or had.get("Profile") or "cheap",
            edge_voices=edge if said.edge_voices is None else said.edge_voices,
            azure_region=_first(said.azure_region, had.get("AzureRegion")),
            monthly_usd=_first(said.monthly_usd, had.get("MonthlyUsd")),
            alarm_email=_first(said.alarm_email, had.get("AlarmEmail")),
            gpu_image=_first(said.gpu_image, had.get("GpuImage")),
            gpu_licence=licence if said.gpu_licence is None else said.gpu_licence,
            architecture=said.architecture or had.get("Architecture") or "arm64",
        )


def _first(said: str | None, had: str | None) -> str:
    return had or "" if said is None else said
