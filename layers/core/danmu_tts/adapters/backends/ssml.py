"""Speech Synthesis Markup Language, written by an XML writer so that whatever a viewer types stays text."""

import re
from xml.etree import ElementTree

from danmu_tts.domain.speech import Utterance
from danmu_tts.domain.voices import Voice

_SSML = "http://www.w3.org/2001/10/synthesis"
_MSTTS = "https://www.w3.org/2001/mstts"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
# What XML 1.0 cannot hold, escaped or not (section 2.2).
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Azure and Edge speak between half and twice the voice's own tempo.
_SLOWEST, _FASTEST = 0.5, 2.0


def azure_ssml(utterance: Utterance) -> str:
    """One voice saying one text, with its style, rate, pitch and volume."""
    ElementTree.register_namespace("", _SSML)
    ElementTree.register_namespace("mstts", _MSTTS)
    speak = ElementTree.Element(f"{{{_SSML}}}speak", {"version": "1.0", _XML_LANG: utterance.voice.language})
    element = ElementTree.SubElement(speak, f"{{{_SSML}}}voice", {"name": utterance.voice.name})
    if utterance.style:
        element = ElementTree.SubElement(element, f"{{{_MSTTS}}}express-as", {"style": xml_text(utterance.style)})
    prosody = _prosody(utterance)
    if prosody:
        element = ElementTree.SubElement(element, f"{{{_SSML}}}prosody", prosody)
    element.text = xml_text(utterance.text)
    return ElementTree.tostring(speak, encoding="unicode")


def xml_text(text: str) -> str:
    """The text without what no XML document can hold."""
    return _NOT_XML.sub(" ", text)


def rate(tempo: float) -> str:
    """A tempo as these vendors write it: ``+25%``."""
    return percent(min(max(tempo, _SLOWEST), _FASTEST))


def percent(factor: float) -> str:
    """A factor as a change: 1.25 is ``+25%``."""
    return f"{round((factor - 1) * 100):+d}%"


def pitch_hz(voice: Voice, semitones: float) -> str:
    """A shift in hertz, which is all that Edge takes, from the usual pitch of a man or a woman.

    120 and 210 Hz: means of speaking fundamental frequency (Baken and Orlikoff, Clinical Measurement of Speech and
    Voice, 2nd ed., table 6-4).
    """
    usual_hz = 120 if voice.gender == "male" else 210
    return f"{round(usual_hz * (2 ** (semitones / 12) - 1)):+d}Hz"


def _prosody(utterance: Utterance) -> dict[str, str]:
    attributes = {}
    if utterance.tempo != 1:
        attributes["rate"] = rate(utterance.tempo)
    if utterance.pitch_semitones:
        attributes["pitch"] = f"{utterance.pitch_semitones:+.2f}st"
    if utterance.volume != 1:
        attributes["volume"] = percent(utterance.volume)
    return attributes
