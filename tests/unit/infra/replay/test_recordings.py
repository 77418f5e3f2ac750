import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.replay.recordings import Recorded, RecordingError, read_recording
from infra.local.replay.recordings_xml import BadXmlError, read_xml
from speech_contract.events import Event, EventKind

# As BililiveRecorder 2.18 writes it: superchats in yuan, no price of gifts and guards, a style sheet in the file.
BILILIVE_RECORDER = """\ufeff<?xml version="1.0" encoding="utf-8"?>
<?xml-stylesheet type="text/xsl" href="#s"?>
<i>
  <!--
B站录播姬 2.18.0
-->
  <chatserver>chat.bilibili.com</chatserver>
  <maxlimit>1000</maxlimit>
  <BililiveRecorder version="2.18.0" />
  <BililiveRecorderRecordInfo roomid="21" shortid="0" name="主播" title="晚上好" start_time="2026-11-01T20:00+08:00" />
  <BililiveRecorderXmlStyle><z:stylesheet version="1.0" id="s" xmlns:z="http://www.w3.org/1999/XSL/Transform"
    ><d p="1,1">no comment</d></z:stylesheet></BililiveRecorderXmlStyle>
  <d p="12.340,1,25,16777215,1793534412340,0,48012,0" user="小明">晚上好 &lt;3</d>
  <sc ts="14.000" user="小红" uid="77" price="30" time="60">唱首歌吧</sc>
  <gift ts="15.500" user="小刚" uid="88" giftname="小花花" giftcount="5" />
  <guard ts="16.000" user="阿强" uid="99" level="3" count="2" />
</i>
"""

# As blrec 2 writes it: thousandths of a yuan, the text of a comment escaped twice.
BLREC = """<?xml version="1.0" encoding="UTF-8"?>
<i>
    <chatserver>chat.bilibili.com</chatserver>
    <metadata>
        <user_name>主播</user_name>
        <room_id>21</room_id>
        <recorder>blrec v2.0.0 https://github.com/acgnhiki/blrec</recorder>
    </metadata>
    <d p="3.250,1,25,16777215,1793534403250,0,9f0a1b2c,1793534403" uid="48012" user="小明">a &amp;amp; b</d>
    <gift ts="4.000" uid="88" user="小刚" giftname="小花花" giftcount="3" cointype="金瓜子" price="100"/>
    <gift ts="5.000" uid="88" user="小刚" giftname="辣条" giftcount="10" cointype="银瓜子" price="100"/>
    <toast ts="6.000" uid="99" user="阿强" unit="月" count="1" price="138000" role="舰长" level="3">开通了舰长</toast>
    <guard ts="6.000" uid="99" user="阿强" giftname="舰长" count="1" price="198000" level="3"/>
    <sc ts="7.000" uid="77" user="小红" price="50000" time="120">唱首歌吧</sc>
</i>
"""

# As biliLive-tools writes it: kind after kind.
BY_KIND = """<?xml version="1.0" encoding="utf-8"?>
<i>
  <metadata><platform>douyu</platform><video_start_time>1793534400000</video_start_time></metadata>
  <d p="1,1,25,16777215,1793534401000,0,123,123,0" user="甲" uid="123">one</d>
  <d p="9,1,25,16777215,1793534409000,0,124,124,0" user="乙" uid="124">four</d>
  <gift ts="2" giftname="火箭" giftcount="1" price="500000" user="丙" uid="125"></gift>
  <guard ts="4" price="300000" giftname="钻粉" giftcount="2" level="1" user="丁" uid="126"></guard>
</i>
"""

VIDEO = """<?xml version="1.0" encoding="UTF-8"?><i><chatserver>chat.bilibili.com</chatserver><chatid>1</chatid>
<d p="23.826,1,25,16777215,1422201084,0,057075e9,757076900">来了</d>
<d p="20.5,5,25,255,1422201000,0,1a2b3c4d,757076901">顶部</d>
<d p="21,7,25,255,1422201000,0,1a2b3c4d,757076902">[0.1,0.2,"1-1",4,"code"]</d>
<d p="22,8,25,255,1422201000,2,1a2b3c4d,757076903">var a = 1;</d>
</i>"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "evening.txt"


def read(path: Path, content: str | bytes) -> list[Recorded]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_recording(path))


def lines(*objects: object) -> str:
    return "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in objects)


def test_a_line_is_an_event(written: Path) -> None:
    (one,) = read(written, lines({"t": 1.5, "viewer": "v1", "text": "晚上好"}))
    assert one == Recorded(1.5, Event(id="r0000001", viewer="v1", text="晚上好"))


def test_a_line_may_have_every_field_of_an_event(written: Path) -> None:
    gift = {"kind": "gift", "id": "g-1", "gift": "火箭", "count": 2, "amount": 9.9, "currency": "USD"}
    fields = {**gift, "combo": {"id": "c", "timeout_ms": 5000}}
    (one,) = read(written, lines({"t": 0, **fields}))
    assert one.event == Event.model_validate(fields)


def test_events_come_by_time_and_keep_the_id_of_their_place(written: Path) -> None:
    found = read(written, lines(*({"t": t, "text": text} for t, text in [(2, "c"), (1, "a"), (1, "b")])))
    assert [(each.at_s, each.event.text, each.event.id) for each in found] == [
        (1.0, "a", "r0000002"),
        (1.0, "b", "r0000003"),
        (2.0, "c", "r0000001"),
    ]


def test_only_a_line_feed_ends_a_line(written: Path) -> None:
    found = read(written, '{"t": 1, "text": "a\u2028b\x85c"}\r\n\r\n{"t": 2, "text": "d"}')
    assert [each.event.text for each in found] == ["a\u2028b\x85c", "d"]


def test_half_a_character_is_replaced(written: Path) -> None:
    (one,) = read(written, r'{"t": 1, "text": "\ud83d\ude00 \ud83d"}')
    assert one.event.text == "😀 \ufffd"


@pytest.mark.parametrize("tail", ['{"t": 2, "te', '{"t": 2, "text": "好', "{"])
def test_the_end_of_a_cut_recording_is_left_out(written: Path, tail: str) -> None:
    content = lines({"t": 1, "text": "a"}).encode() + tail.encode()
    assert [each.event.text for each in read(written, content)] == ["a"]
    assert [each.event.text for each in read(written, content[:-1])] == ["a"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1: it is empty"),
        (b" \n ", "line 1: it is empty"),
        (b"hello", "line 1: it is neither"),
        (b'[{"t": 1}]', "line 1: it is neither"),
        ("\ufeff{}".encode("utf-16-le"), "line 1 is UTF-16"),
        (lines({"t": 1, "text": "a"}).encode() + b'{"t": 2, "text": "\xd0\xc2"}\n', "line 2 is not UTF-8"),
        (b'{"t": 1}\n{"t": \n{"t": 3}\n', "line 2 is no JSON"),
        (b'{"t": 1}\n[]\n', "line 2 is no JSON object"),
        (b'{"text": "a"}\n', "line 1: `t` must be seconds"),
        (b'{"t": "1"}\n', "line 1: `t` must be seconds"),
        (b'{"t": true}\n', "line 1: `t` must be seconds"),
        (b'{"t": -1}\n', "line 1: `t` must be seconds"),
        (b'{"t": NaN}\n', "line 1: `t` must be seconds"),
        (b'{"t": 1' + b"0" * 400 + b"}\n", "line 1: `t` must be seconds"),
        (b'{"t": 1}\n{"t": 2, "txt": "a"}\n', "line 2: `txt`: Extra inputs"),
        (b'{"t": 1, "combo": {"id": "c"}}\n', "line 1: `combo.timeout_ms`: Field required"),
        (b"<i></i>", "has no danmu in it"),
        (b"<i><d p='1,1", "has no danmu in it"),
        (b"<svg><d/></svg>", "line 1: it begins with <svg>, a recording with <i>"),
        (b"<i>\n<d p='1,1'>a</d>\n</d></i>", "line 3: mismatched tag"),
        (b"<i>\n<d p='1,1'>\xd0\xc2</d></i>", "line 2 is not UTF-8"),
        (b"<i></i><i></i>", "line 1: junk after document element"),
        (b"<i>" * 100, "nested too deep"),
    ],
)
def test_what_is_no_recording_is_told_with_its_line(written: Path, content: bytes, message: str) -> None:
    with pytest.raises(RecordingError) as caught:
        read(written, content)
    assert message in str(caught.value)
    assert str(caught.value).startswith("evening.txt")


def test_a_missing_file_is_told_before_the_first_event(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_recording(tmp_path / "missing")


def test_bililive_recorder(written: Path) -> None:
    found = read(written, BILILIVE_RECORDER)
    assert [each.at_s for each in found] == [12.34, 14.0, 15.5, 16.0]
    assert [each.event for each in found] == [
        Event(id="r0000001", viewer="48012", name="小明", text="晚上好 <3"),
        Event(id="r0000002", kind=EventKind.SUPERCHAT, viewer="77", name="小红", text="唱首歌吧", amount=30.0),
        Event(id="r0000003", kind=EventKind.GIFT, viewer="88", name="小刚", gift="小花花", count=5),
        Event(id="r0000004", kind=EventKind.GUARD, viewer="99", name="阿强", gift="舰长", guard=3, count=2),
    ]


def test_blrec(written: Path) -> None:
    assert [each.event for each in read(written, BLREC)] == [
        Event(id="r0000001", viewer="48012", name="小明", text="a & b"),
        Event(id="r0000002", kind=EventKind.GIFT, viewer="88", name="小刚", gift="小花花", count=3, amount=0.3),
        Event(id="r0000003", kind=EventKind.GIFT, viewer="88", name="小刚", gift="辣条", count=10),
        Event(id="r0000004", kind=EventKind.GUARD, viewer="99", name="阿强", gift="舰长", guard=3, amount=198.0),
        Event(id="r0000005", kind=EventKind.SUPERCHAT, viewer="77", name="小红", text="唱首歌吧", amount=50.0),
    ]


def test_a_recorder_that_writes_kind_after_kind(written: Path) -> None:
    found = read(written, BY_KIND)
    assert [(each.at_s, each.event.kind.value, each.event.amount) for each in found] == [
        (1.0, "danmu", 0.0),
        (2.0, "gift", 500.0),
        (4.0, "guard", 300.0),
        (9.0, "danmu", 0.0),
    ]


def test_comments_of_a_video_are_by_their_hash_and_those_that_are_code_are_left_out(written: Path) -> None:
    found = read(written, VIDEO)
    assert [(each.at_s, each.event.viewer, each.event.text) for each in found] == [
        (20.5, "1a2b3c4d", "顶部"),
        (23.826, "057075e9", "来了"),
    ]


@pytest.mark.parametrize(
    ("attributes", "viewer"),
    [
        ('p="1,1,25,1,1,0,0,0" user="观***"', None),
        ('p="1,1,25,1,1,0,0,0" user="小明"', "小明"),
        ('p="1,1,25,1,1,0,0,0"', None),
        ('p="1,1"', None),
        ('p="1,1,25,1,1,0,hash,0" uid="5"', "5"),
        ('p="1,1,25,1,1,0,hash,0" uid="0"', "hash"),
    ],
)
def test_a_viewer_is_whoever_can_be_told_apart(written: Path, attributes: str, viewer: str | None) -> None:
    (one,) = read(written, f"<i><d {attributes}>a</d></i>")
    assert one.event.viewer == viewer


def test_elements_that_lack_their_time_or_text_are_left_out(written: Path) -> None:
    broken = "<d>a</d><d p='x,1'>b</d><d p='nan'>c</d><d p='1,1'> </d><sc>d</sc><gift giftname='e'/><guard ts='inf'/>"
    (one,) = read(written, f"<i>{broken}<gift time='-3' giftname='花' giftcount='x' price='-5'/></i>")
    assert one == Recorded(0.0, Event(id="r0000001", kind=EventKind.GIFT, gift="花"))


@pytest.mark.parametrize("cut", range(1, 30))
def test_a_cut_recording_gives_what_is_whole(written: Path, cut: int) -> None:
    whole = "<i>\n<d p='1,1'>一</d>\n<d p='2,1' user='甲'>二</d>".encode()
    found = read(written, whole[:-cut])
    assert [each.event.text for each in found] == ["一"]


def test_control_characters_and_a_tail_of_zeros_are_no_errors(written: Path) -> None:
    found = read(written, b"<i><d p='1,1'>a\x08b</d>" + b"\x00" * 4096)
    assert [each.event.text for each in found] == ["ab"]


def test_a_declared_encoding_does_not_count(written: Path) -> None:
    (one,) = read(written, '<?xml version="1.0" encoding="gbk"?><i><d p="1,1">好</d></i>')
    assert one.event.text == "好"


@pytest.mark.parametrize(
    "bomb",
    [
        '<!DOCTYPE i [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><i><d p="1,1">&b;</d></i>',
        '<!DOCTYPE i [<!ENTITY a SYSTEM "file:///etc/passwd">]><i><d p="1,1">&a;</d></i>',
        '<!DOCTYPE i SYSTEM "http://127.0.0.1/x.dtd"><i><d p="1,1">a</d></i>',
    ],
)
def test_a_document_type_is_refused(written: Path, bomb: str) -> None:
    with pytest.raises(RecordingError, match="line 1: it declares a document type"):
        read(written, bomb)


def test_too_much_is_cut_to_what_an_event_may_hold(written: Path) -> None:
    most = "999999999999999"
    gift = f"<gift ts='1' uid='{'u' * 99}' user='{'n' * 99}' giftname='{'g' * 99}' giftcount='{most}' price='{most}'/>"
    danmu, thanks = read(written, f"<i><d p='0,1'>{'长' * 9999}</d>{gift}</i>")
    assert danmu.event.text == "长" * 1000
    assert thanks.event.viewer == "u" * 64
    assert (thanks.event.count, thanks.event.amount) == (10_000_000, 1e9)


def test_many_chunks_are_read_as_one(written: Path) -> None:
    comments = "".join(f"<d p='{each},1,25,1,1,0,v{each % 7},0'>第{each}条</d>\n" for each in range(5000))
    found = read(written, f"<i>{comments}</i>")
    assert [each.event.text for each in found] == [f"第{each}条" for each in range(5000)]


ATTRIBUTE_TEXTS = st.text(st.characters(exclude_characters="<&'\"", exclude_categories=["Cs", "Cc"]), max_size=80)
ELEMENTS = st.builds(
    lambda tag, attributes, text: f"<{tag} {' '.join(f'{k}={v!r}' for k, v in attributes.items())}>{text}</{tag}>",
    st.sampled_from(["d", "sc", "gift", "guard", "toast", "x"]),
    st.dictionaries(
        st.sampled_from(["p", "ts", "time", "user", "uid", "price", "giftcount", "count", "level", "cointype"]),
        st.one_of(st.floats().map(str), st.integers().map(str), ATTRIBUTE_TEXTS).map(
            lambda text: text.replace("\\", "")
        ),
    ),
    ATTRIBUTE_TEXTS,
)


@given(st.lists(ELEMENTS, max_size=8))
def test_whatever_the_elements_say_their_events_are_valid(elements: list[str]) -> None:
    try:
        found = list(read_xml(iter(["<i>", *elements, "</i>"])))
    except BadXmlError:
        return
    for at_s, fields in found:
        assert at_s >= 0
        Event.model_validate(fields)


@given(st.binary(max_size=400).map(lambda noise: b"<i><d p='1,1'>a</d>" + noise) | st.binary(max_size=400))
def test_noise_is_a_recording_or_a_recording_error(tmp_path_factory: pytest.TempPathFactory, noise: bytes) -> None:
    path = tmp_path_factory.mktemp("noise") / "evening"
    path.write_bytes(noise)
    with suppress(RecordingError):
        assert list(read_recording(path))
