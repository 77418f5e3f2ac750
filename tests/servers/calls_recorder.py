"""What a process asks of AWS, written down: on the path as ``sitecustomize``, where every interpreter imports it.

A line of JSON a call: the function, the service, the operation, and which of its resources. It loads nothing itself: it
waits until botocore is.
"""

import importlib.util
import json
import os
import sys
from typing import Any

_FILE = "RECORDED_CALLS"
_NAMES = ("Bucket", "Key", "Prefix", "QueueName", "QueueUrl", "FunctionName", "SecretId", "EndpointName")


def _write(service: str, operation: str, resource: object) -> None:
    function = os.environ.get("_HANDLER", "").split(".")[1:2]
    line = json.dumps({"function": "".join(function), "service": service, "operation": operation, "of": resource})
    with open(os.environ[_FILE], "a") as file:  # noqa: PTH123 - as little as can be is imported here
        file.write(line + "\n")


def _watch_clients(module: Any) -> None:
    call = module.BaseClient._make_api_call

    def recorded(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        of = {name: parameters[name] for name in _NAMES if name in parameters}
        _write(client.meta.service_model.service_name, operation, of)
        return call(client, operation, parameters)

    module.BaseClient._make_api_call = recorded


def _watch_pushes(module: Any) -> None:
    """Our own client, which signs what it sends to AWS, and nothing to an emulator."""
    ask = module.ManagementApi._ask

    async def recorded(pusher: Any, method: str, *arguments: Any) -> Any:
        _write("execute-api", method, {})
        return await ask(pusher, method, *arguments)

    module.ManagementApi._ask = recorded


def _watch_forms(module: Any) -> None:
    sign = module.S3PostPresigner.generate_presigned_post

    def recorded(signer: Any, *arguments: Any, **options: Any) -> Any:
        _write("s3", "PostObject", {"Key": options["fields"]["key"]})
        return sign(signer, *arguments, **options)

    module.S3PostPresigner.generate_presigned_post = recorded


_WATCHED = {
    "botocore.client": _watch_clients,
    "botocore.signers": _watch_forms,
    "danmu_tts.adapters.connections.management_api": _watch_pushes,
}


class _Finder:
    """Finds what is watched as everybody else does, and changes it once it is loaded."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name not in _WATCHED:
            return None
        watch = _WATCHED.pop(name)
        spec = importlib.util.find_spec(name)
        assert spec is not None
        loader: Any = spec.loader
        load = loader.exec_module

        def exec_module(module: Any) -> None:
            load(module)
            watch(module)

        loader.exec_module = exec_module
        return spec


if _FILE in os.environ:
    sys.meta_path.insert(0, _Finder())
