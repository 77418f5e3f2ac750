"""Typed settings, read once by the command: each field is an environment variable ``DANMU_TTS_GPU__<FIELD>``."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseSettings):
    """What an operator may set. boto3 finds region, endpoint (AWS_ENDPOINT_URL) and credentials by itself."""

    model_config = SettingsConfigDict(env_prefix="DANMU_TTS_GPU__", frozen=True, extra="ignore")

    bucket: Annotated[str, Field(min_length=3)] = Field(description="Where audio goes and recordings lie.")
    express_queue: str = Field("danmu-tts-xtts-express", description="Name or URL; as the two below.")
    standard_queue: str = "danmu-tts-xtts-standard"
    results_queue: str = Field("danmu-tts-xtts-results", description="Empty: `serve` answers by HTTP only.")
    visibility_s: Annotated[int, Field(ge=1, le=43_200)] = Field(
        30, description="After a worker's death its jobs are another's this much later."
    )
    poll_s: Annotated[int, Field(ge=1, le=20)] = Field(
        5, description="How long a poll waits for jobs. The end of the process waits for it, too."
    )

    model_directory: Path = Field(Path("/model"), description="The checkpoint: config.json, model.pth, vocab.json…")
    model_from_s3: bool = Field(False, description="Fetch it from the bucket first.")
    model_s3_prefix: str = "models/xtts/"
    checksums: dict[str, str] | None = Field(None, description='SHA-256 a file, as JSON: {"model.pth": "…"}.')

    device: str = Field("auto", description="auto, cpu, cuda or cuda:1.")
    half: bool = Field(False, description="Weights in 16 bits: half the memory, faster on a GPU.")
    compile: bool = Field(False, description="torch.compile: minutes at the start, faster afterwards.")
    temperature: Annotated[float, Field(ge=0, le=2)] | None = Field(None, description="Else the checkpoint's own.")
    most_rows: Annotated[int, Field(ge=1, le=256)] = Field(16, description="Most lines that are said together.")
    memory_budget_mb: Annotated[int, Field(ge=1)] | None = Field(
        None, description="MiB of the GPU; else most of what is free at the start."
    )
    threads: Annotated[int, Field(ge=1)] | None = Field(None, description="Of the CPU; else all that it may use.")
    stuck_after_s: Annotated[float, Field(gt=0)] = Field(
        120, description="An inference that takes longer ends the process with status 70. Half of it: unhealthy."
    )
    stop_grace_s: Annotated[float, Field(ge=0)] = Field(
        25, description="How long the end waits for the last batch; less than the container's own stop timeout."
    )

    host: str = Field("127.0.0.1", description="Who may ask for metrics and `serve`; 0.0.0.0 in the container.")
    metrics_port: Port = 9400
    emf: bool = Field(False, description="Metrics for CloudWatch, as lines on standard output.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("model_s3_prefix")
    @classmethod
    def _a_folder(cls, prefix: str) -> str:
        return prefix if prefix.endswith("/") else f"{prefix}/"


class SageMakerSettings(BaseSettings):
    """What SageMaker sets in its containers."""

    sagemaker_bind_to_port: Port = 8080
