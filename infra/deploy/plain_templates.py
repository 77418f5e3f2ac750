"""Built templates without AWS::Serverless, for emulators that forget that transform in nested stacks.

Runs in SAM's own environment, by the code that CloudFormation does it with too. It is told the root template, the
WebSocket's address, and NAME=ID for each API, so that its address is known before it is made; it prints where the plain
template is.
"""

import json
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

Template = dict[str, Any]

# How MiniStack and LocalStack are told which id an API shall have.
_ID_TAGS = ("ms-custom-id", "_custom_id_")
# SAM takes code in S3 only. `sam deploy` brings it there afterwards, from the folder that is named here.
_HERE = "here"
_NAME = "plain.json"


def make_plain(path: Path, websocket_url: str = "", ids: Mapping[str, str] = MappingProxyType({})) -> Path:
    """Write the plain form of a template, and of all that it nests, beside it."""
    template: Template = import_module("samcli.yamlhelper").yaml_parse(path.read_text("utf-8"))
    for logical_id, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Application":
            inner = make_plain(path.parent / properties["Location"])
            properties["Location"] = str(inner.relative_to(path.parent))
            if websocket_url and "WebSocketUrl" in properties.get("Parameters", {}):
                properties["Parameters"]["WebSocketUrl"] = websocket_url
        if logical_id in ids:
            properties["Tags"] = {**properties.get("Tags", {}), **dict.fromkeys(_ID_TAGS, ids[logical_id])}
        for name in ("CodeUri", "ContentUri"):
            if isinstance(properties.get(name), str):
                properties[name] = f"s3://{_HERE}/{properties[name]}"
    plain = _transformed(json.loads(json.dumps(template)))
    for resource in plain["Resources"].values():
        properties = resource.get("Properties", {})
        for name in ("Code", "Content"):
            place = properties.get(name)
            if isinstance(place, dict) and place.get("S3Bucket") == _HERE:
                properties[name] = place["S3Key"]
    written = path.with_name(_NAME)
    written.write_text(json.dumps(plain, indent=1), "utf-8")
    return written


def _transformed(template: Template) -> Template:
    if "Transform" not in template:
        return template
    transform = import_module("samtranslator.translator.transform").transform
    plain: Template = transform(template, {}, SimpleNamespace(load=dict))  # no managed policy is named in ours
    return plain


if __name__ == "__main__":
    print(make_plain(Path(sys.argv[1]), sys.argv[2], dict(each.split("=") for each in sys.argv[3:])))  # noqa: T201
