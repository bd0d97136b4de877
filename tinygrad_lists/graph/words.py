"""Text that is safe to draw: any name that a user may give, in one short line, and how wide it will be."""

from __future__ import annotations

import unicodedata
from functools import cache

__all__ = ["clean", "escape", "text_width"]

#: Right-to-left letters and numbers; a text with any of them is set apart, so that it does not reorder its neighbours.
_RIGHT_TO_LEFT = {"R", "AL", "AN"}

#: Characters that switch the direction of what follows.
_SWITCHES = dict.fromkeys([0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\ufffd")

_ISOLATE, _POP = "\u2068", "\u2069"

#: Joiners and marks that belong to the character before.
_JOINERS = {"\u200d", "\ufe0e", "\ufe0f"}


def clean(text: str, limit: int | None = None) -> str:
    """A text in one line: line breaks are shown as ⏎, other control characters as �, and the end of a long one is cut.

    Right-to-left text is isolated, and characters that switch the direction are made visible.

    >>> clean("two\\nlines"), clean("a" * 100, limit=8), clean("bell\\a")
    ('two ⏎ lines', 'aaaaaaa…', 'bell�')
    """
    text = text.replace("\r\n", "\n").replace("\n", " ⏎ ").replace("\r", " ⏎ ").replace("\t", " ").translate(_SWITCHES)
    if not text.isprintable():
        text = "".join(character if _drawable(character) else "\ufffd" for character in text)
    if limit is not None and len(text) > limit:
        end = limit - 1
        while end > 1 and (text[end] in _JOINERS or text[end - 1] == "\u200d" or unicodedata.combining(text[end])):
            end -= 1
        text = text[:end] + "…"
    if not text.isascii() and any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text):
        text = f"{_ISOLATE}{text}{_POP}"
    return text


def _drawable(character: str) -> bool:
    return character.isprintable() or character in _JOINERS or character == "\u200c"


def escape(text: str) -> str:
    """For XML and HTML, also inside of attributes. Characters that XML cannot hold must have been cleaned away.

    >>> escape('<b a="1">&')
    '&lt;b a=&quot;1&quot;&gt;&amp;'
    """
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("'", "&#39;")


#: Widths in thousandths of the size: of Helvetica or of DejaVu Sans, whichever is wider, for nobody knows which font a
#: reader has.
_WIDTHS = {
    280: "'ijl",
    320: " ,.·I",
    340: "/:;\\|",
    360: "f-",
    400: "()[]t›!²³",
    415: "r",
    460: '"',
    500: "*_`‖J",
    530: "∂sz⁻",
    560: "c?L",
    600: "kvxy",
    620: "aeoTF",
    640: "bdghnpqu0123456789${}Σ√",
    690: "ABEKPSVXYZ",
    730: "CRU∧",
    760: "HN",
    790: "DGOQ&",
    820: "w",
    840: "#+<=>^~×−↑←→≤≥≠≈∞✓✗⏎",
    870: "M",
    900: "⚠",
    980: "m%",
    1020: "W@…",
}

_WIDTH = {character: width for width, characters in _WIDTHS.items() for character in characters}

#: Bold characters are so much wider.
_BOLD = 80


@cache
def _character_width(character: str) -> int:
    if character in _WIDTH:
        return _WIDTH[character]
    if unicodedata.combining(character) or character in _JOINERS or character in (_ISOLATE, _POP):
        return 0
    if unicodedata.east_asian_width(character) in "WF":
        return 1350 if unicodedata.category(character) == "So" else 1080  # emoji are wider than ideographs
    return 790


def text_width(text: str, size: float, bold: bool = False) -> float:
    """About how wide a text is drawn, a little more rather than less.

    >>> text_width("mul", 12) < text_width("sum of squares", 12)
    True
    """
    return (sum(map(_character_width, text)) + _BOLD * len(text) * bold) * size / 1000
