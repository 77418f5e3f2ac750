"""The two ways in which a job gets to a GPU: a queue that a consumer of ours reads, or SageMaker's own."""

import asyncio
from typing import Any, Protocol

from danmu_tts.adapters.aws.s3_errors import S3Error
from danmu_tts.adapters.aws.s3_objects import S3Objects
from danmu_tts.adapters.jobs.sqs import SqsQueues, open_client, translated
from danmu_tts.domain.errors import BackendNetworkError
from danmu_tts.once import once
from danmu_tts.settings_backends import XttsSettings
from speech_contract.jobs import AUDIO_PREFIX, SpeechJob

# SageMaker refuses a shorter one.
_LEAST_TTL_S = 60


class Transport(Protocol):
    """Takes a job to a GPU. Every method raises BackendUnavailableError."""

    async def send(self, job: SpeechJob, *, express: bool) -> None:
        """Send it on its way."""
        ...

    async def check(self) -> str:
        """Whether it could be sent, and in a few words how it stands there."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


class QueueTransport:
    """Two standard queues. A room, or a job without one, is a group: a busy room does not hold up the others."""

    def __init__(self, queues: SqsQueues, settings: XttsSettings) -> None:
        self._queues = queues
        self._settings = settings

    async def send(self, job: SpeechJob, *, express: bool) -> None:
        """See ``Transport.send``."""
        queue = self._settings.express_queue if express else self._settings.standard_queue
        await self._queues.send(queue, job.model_dump_json(), group=job.room or job.id)

    async def check(self) -> str:
        """See ``Transport.check``."""
        express, standard = await asyncio.gather(
            self._queues.depth(self._settings.express_queue), self._queues.depth(self._settings.standard_queue)
        )
        return f"{express} express and {standard} standard jobs wait"

    async def close(self) -> None:
        """The queues are closed by whoever made them."""


class SageMakerTransport:
    """An asynchronous endpoint, which reads the job from the bucket. It has one queue for all."""

    def __init__(self, objects: S3Objects, endpoint_name: str, timeout_s: float) -> None:
        """Loads and opens nothing yet."""
        self._objects = objects
        self._endpoint_name = endpoint_name
        self._runtime = once(lambda: open_client("sagemaker-runtime", timeout_s))
        self._control = once(lambda: open_client("sagemaker", timeout_s))

    async def send(self, job: SpeechJob, *, express: bool) -> None:
        """See ``Transport.send``."""
        await asyncio.to_thread(self._send, job)

    async def check(self) -> str:
        """See ``Transport.check``."""
        with translated("SageMaker"):
            answer = await asyncio.to_thread(self._describe)
        return f"endpoint {self._endpoint_name} is {answer['EndpointStatus']}"

    async def close(self) -> None:
        """Nothing is held between calls but pooled connections, which end with the process."""

    def _describe(self) -> Any:
        return self._control().describe_endpoint(EndpointName=self._endpoint_name)

    def _send(self, job: SpeechJob) -> None:
        name = f"{AUDIO_PREFIX}{job.id}.json"
        try:
            self._objects.put(name, job.model_dump_json().encode(), ContentType="application/json")
        except S3Error as error:
            raise BackendNetworkError(f"The bucket does not take the job: {error.said}.") from error
        left_s = (job.expires_at_ms - job.created_at_ms) // 1000
        options: dict[str, Any] = {"RequestTTLSeconds": max(_LEAST_TTL_S, left_s)}
        with translated("SageMaker"):
            self._runtime().invoke_endpoint_async(
                EndpointName=self._endpoint_name,
                ContentType="application/json",
                InferenceId=job.id,
                InputLocation=f"s3://{self._objects.bucket}/{name}",
                **options,
            )
