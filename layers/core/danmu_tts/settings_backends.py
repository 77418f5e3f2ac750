"""The sections of backends that are reached over the network."""

from pathlib import Path
from typing import Annotated, Literal

from platformdirs import user_data_path
from pydantic import Field, SecretStr

from danmu_tts.settings_parts import Names, Section, Url


class _CloudSettings(Section):
    silence_limit_ms: Annotated[int, Field(ge=200, le=60_000)] = Field(
        4000, description="Longest wait for the next piece of audio; then somebody else speaks."
    )
    voices_ttl_s: Annotated[int, Field(ge=60)] = Field(6 * 3600, description="How often its voices are listed anew.")


class EdgeSettings(_CloudSettings):
    """Microsoft Edge's read-aloud voices. No account; no promise either."""

    enabled: bool = Field(False, description="Viewers' words go to Microsoft, so somebody has to say yes.")
    proxy: str | None = Field(None, description="HTTP proxy, where this address is blocked.")


class AzureSettings(_CloudSettings):
    """Azure Speech."""

    key: Annotated[SecretStr, Field(min_length=1)] | None = None
    region: Annotated[str, Field(pattern=r"^[a-z0-9]+$")] | None = Field(None, description="E.g. eastasia.")
    endpoint: Url | None = Field(None, description="Instead of the region: a container, or another cloud's host.")
    word_boundaries: bool = Field(False, description="Captions by word, through Microsoft's SDK.")


class OpenAISettings(_CloudSettings):
    """OpenAI, or any server that speaks its protocol."""

    api_key: Annotated[SecretStr, Field(min_length=1)] | None = None
    base_url: Url | None = Field(None, description="E.g. http://127.0.0.1:8880/v1; OpenAI's own where absent.")
    model: Annotated[str, Field(min_length=1)] = "gpt-4o-mini-tts"
    voices: Names = Field(
        (), description="Their names, where the server cannot list them. Else the server's list, or OpenAI's."
    )
    language: str | None = Field(None, description="The one language that its voices speak; else any.")
    usd_per_million_chars: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        None, description="What it costs; else OpenAI's list price, and nothing at another server."
    )
    silence_limit_ms: Annotated[int, Field(ge=200, le=60_000)] = 8000


class PiperSettings(_CloudSettings):
    """Piper, where it runs as a function of its own."""

    function_name: str | None = Field(None, description="Lambda function to call; else Piper runs in this process.")
    silence_limit_ms: Annotated[int, Field(ge=200, le=60_000)] = 10_000


_QueueName = Annotated[str, Field(pattern=r"^(https?://\S+|[a-zA-Z0-9\-_]{1,80})$")]


class XttsSettings(Section):
    """Cloned voices from a GPU behind queues. Each queue is a name, or the URL that SQS gave it."""

    enabled: bool = Field(False, description="Without a GPU service somebody else speaks in the end, but later.")
    transport: Literal["sqs", "sagemaker"] = "sqs"
    endpoint_name: str | None = Field(None, description="SageMaker's asynchronous endpoint, where that is the GPU.")
    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")] | None = Field(
        None, description="Where recordings and fresh audio lie; else the bucket of the s3 settings."
    )
    express_queue: _QueueName = "danmu-tts-xtts-express"
    standard_queue: _QueueName = "danmu-tts-xtts-standard"
    results_queue: _QueueName = "danmu-tts-xtts-results"
    deadlines_queue: _QueueName = "danmu-tts-xtts-deadlines"
    timeout_ms: Annotated[int, Field(ge=100, le=10_000)] = Field(2000, description="Longest wait for a queue.")
    patience_ms: Annotated[int, Field(ge=1000, le=28_000)] = Field(
        20_000, description="Longest wait for a GPU; then another voice speaks."
    )
    fallback_ms: Annotated[int, Field(ge=500, le=14_000)] = Field(
        4000, description="What is left of a deadline for the other voice; half of it where it is shorter."
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    job_ttl_s: Annotated[int, Field(ge=60)] = Field(3600, description="How long it is known what became of a job.")
    reference_max_bytes: Annotated[int, Field(ge=1000)] = Field(10_000_000, description="The largest recording.")
    most_references: Annotated[int, Field(ge=1)] = Field(20, description="Recordings of one API key.")
    local_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        4566, description="Where `serve` offers SQS and S3 of its own, as long as AWS_ENDPOINT_URL names no other."
    )
    local_url: Url | None = Field(None, description="Where `danmu-tts aws` offers them to several gateways, instead.")
    local_directory: Path = Field(
        default_factory=lambda: user_data_path("danmu-tts") / "xtts",
        description="Where that S3's recordings outlive a restart.",
    )
