# SPDX-License-Identifier: AGPL-3.0-only
"""The analyser: text to lexical terms, the same for memories and queries.

Words are NFKC-normalised, lower-cased, accent-folded and stemmed (Porter2, Snowball's "english").
Numbers stay numbers. An identifier becomes one term as a whole and one per part, so
``src/app_main.py`` is found by its path and by ``app``. Scripts that put no spaces between words
(Han, Kana, Hangul, Thai, Lao, Khmer, Myanmar) become character bigrams, Han also single characters,
because one Han character often is a word.

The unit of work and of caching is the *chunk*: what stands between two spaces. Natural text repeats
its chunks, so a warm analyser does one cached look-up per word.
"""

import re
import threading
import unicodedata
from functools import cache, lru_cache
from typing import Final

import Stemmer

from memoryoss_mcp.text.stopwords import STOP_WORDS, word_set

ANALYZER_VERSION: Final = 1
"""Raise it whenever the terms of any text change; an index built with another version has to be
rebuilt.
"""

MAX_TERM_LENGTH: Final = 64
"""Characters; a longer term is cut."""

_CACHED_CHUNKS: Final = 1 << 14
_CACHED_CHUNK_LENGTH: Final = 32

_Analysis = tuple[tuple[str, ...], tuple[str, ...]]
"""All terms of a chunk, and those that a query keeps."""


def index_terms(text: str) -> list[str]:
    """Return all terms of ``text`` in order, stop words and repetitions included.

    Every term is 1 to :data:`MAX_TERM_LENGTH` characters, lower-cased, and contains a letter, a
    digit or a pictograph.
    """
    terms: list[str] = []
    extend = terms.extend
    for chunk in _chunks(text):
        extend((_cached(chunk) if len(chunk) <= _CACHED_CHUNK_LENGTH else _analyse(chunk))[0])
    return terms


def query_terms(text: str) -> list[str]:
    """Return the distinct terms of ``text`` in order without stop words; if nothing else is left,
    with them.

    The result is always a subset of ``index_terms(text)``.
    """
    analyses = [
        _cached(chunk) if len(chunk) <= _CACHED_CHUNK_LENGTH else _analyse(chunk)
        for chunk in _chunks(text)
    ]
    content = [term for analysis in analyses for term in analysis[1]]
    return list(dict.fromkeys(content or [term for analysis in analyses for term in analysis[0]]))


def fold(text: str) -> str:
    """Return ``text`` in NFKC, case-folded and without accents; idempotent.

    Marks go when they are diacritics (combining class 10 to 36: Hebrew and Arabic points; 200 and
    above: the general ones). Vowel signs, viramas and voicing marks (classes 0 to 9 and 84 to 132)
    are letters of their scripts and stay.
    """
    if text.isascii():
        return text.lower()
    return _strip_marks(unicodedata.normalize("NFKC", text).casefold())


# --- from text to chunks

_APOSTROPHES: Final = str.maketrans(dict.fromkeys("\u2019\u02bc\u00b4\uff07\u2018\u201b", "'"))


def _chunks(text: str) -> list[str]:
    if not text.isascii():
        # Before NFKC, which would turn an acute accent used as an apostrophe into a space and a
        # mark.
        text = unicodedata.normalize("NFKC", text.translate(_APOSTROPHES))
    return text.split()


# --- from a chunk to terms

_PIECE: Final = re.compile(
    r"""(?P<url>[A-Za-z][A-Za-z0-9+.-]*://[^\s<>"'`\[\]{}|]+)"""
    r"""|[^\s()\[\]{}<>"'`,;|=!?]+"""
)
_EDGE_LEFT: Final = "*:;,!?%&+^="
_EDGE_RIGHT: Final = ".:;,!?%&/\\*-~^=@$"
_ELLIPSIS: Final = re.compile(r"\.{3,}")
_RELATIVE: Final = re.compile(r"(?:\.{1,2}/)+")
_THOUSANDS: Final = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?![\w,])")
_ACRONYM: Final = re.compile(r"(?:[A-Za-z]\.)+[A-Za-z]")
_ORDINAL: Final = re.compile(r"(\d+)(?:st|nd|rd|th)")
_VERSION: Final = re.compile(r"v(\d+(?:\.\d+)+.*)")
_LINE_OR_PORT: Final = re.compile(r"(?::\d+){1,2}\Z")
_SIGN: Final = re.compile(r"^[-+~$]+(?=\.?\d)")
_EMPHASIS: Final = re.compile(r"_([^_]+)_")
_CAMEL: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+\d*|[A-Z]+\d*|\d+[a-z]*")
# "userID", "iPhone" and "HTTPServer" have humps; "mRNA", "pH", "URLs" and "PhD" have none.
_HUMP: Final = re.compile(r"[a-z]{2}[A-Z]|[a-z][A-Z][a-z]|[A-Z]{2}[a-z]{2}")
_NOT_CONTRACTED: Final = re.compile(r"\b(?:can|won|shan|ain)'t\b|(?<=[A-Za-z])n't\b", re.IGNORECASE)
_CLITIC: Final = re.compile(r"(?<=\w)'(?:s|ll|re|ve|d|m)\b", re.IGNORECASE)
_IRREGULAR: Final = {
    "can't": "can not",
    "won't": "will not",
    "shan't": "shall not",
    "ain't": "is not",
}
_NEGATED: Final[dict[str, tuple[str, str]]] = {
    "cannot": ("can", "not"),
    "cant": ("can", "not"),
    "wont": ("will", "not"),
    **{
        f"{verb}nt": (verb, "not")
        for verb in word_set(
            "do does did is are was were has have had could should would must need"
        )
    },
}

_UNSPACED: Final = (
    "\u3005-\u3007"  # iteration marks
    "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"  # Kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
    "\u1100-\u11ff\uac00-\ud7ff"  # Hangul
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0edf\u1000-\u109f\u1780-\u17d3"  # Thai, Lao, Myanmar, Khmer
)
_PICTOGRAPH: Final = (
    "\u2600-\u27bf\u2b50\u2b55\U0001f1e6-\U0001f1ff\U0001f300-\U0001f3fa\U0001f400-\U0001faff"
)
# Marks that belong to the letter before them; they are not \w.
_MARKS: Final = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    "\u0900-\u0903\u093a-\u0957\u0962\u0963\u0980-\u0dff\u0f71-\u0fbc\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
)
_PART: Final = re.compile(rf"[^\W_](?:[^\W_]|[{_MARKS}])*")
_FOREIGN_PUNCTUATION: Final = re.compile(rf"(?![{_MARKS}])[^\w\x00-\x7f]")


@cache
def _runs() -> re.Pattern[str]:
    # Start-up time: these classes take 5 ms to compile, and ASCII text never needs them.
    return re.compile(
        f"(?P<unspaced>[{_UNSPACED}]+)|(?P<pictograph>[{_PICTOGRAPH}])"
        f"|(?P<spaced>[^{_UNSPACED}{_PICTOGRAPH}]+)"
    )


def _analyse(chunk: str) -> _Analysis:
    if chunk.isascii():
        word = chunk.lstrip('("').rstrip('.,;:!?")')
        if word.isalpha() and not _HUMP.search(word):
            return _word(word.lower())
        return _spaced(chunk)
    every: list[str] = []
    content: list[str] = []
    for run in _runs().finditer(chunk):
        match run.lastgroup:
            case "unspaced":
                all_terms, content_terms = _bigrams(run[0])
            case "pictograph":
                all_terms = content_terms = (run[0],)
            case _:
                all_terms, content_terms = _spaced(run[0])
        every.extend(all_terms)
        content.extend(content_terms)
    return tuple(every), tuple(content)


_cached = lru_cache(maxsize=_CACHED_CHUNKS)(_analyse)


def _word(word: str) -> _Analysis:
    """A plain word, folded."""
    negated = _NEGATED.get(word)
    if negated is not None:
        return negated, negated[1:]
    term = _stem(word)
    return (term,), () if word in STOP_WORDS else (term,)


def _bigrams(run: str) -> _Analysis:
    run = _strip_marks(run.casefold())
    if len(run) == 1:
        return (run,), (run,)
    pairs = tuple(run[i : i + 2] for i in range(len(run) - 1))
    return (*pairs, *(char for char in run if _is_han(char))), pairs


def is_unspaced(char: str) -> bool:
    """Whether ``char`` belongs to a script that is written without spaces between words."""
    return char >= "\u0e00" and _unspaced().match(char) is not None


@cache
def _unspaced() -> re.Pattern[str]:
    return re.compile(f"[{_UNSPACED}]")


def without_unspaced(text: str) -> str:
    """Return ``text`` with a space in place of each such character; offsets stay the same."""
    return text if text.isascii() else _unspaced().sub(" ", text)


def _is_han(char: str) -> bool:
    return "\u3400" <= char <= "\u9fff" or "\uf900" <= char <= "\ufaff" or char >= "\U00020000"


def _spaced(chunk: str) -> _Analysis:
    """A chunk of a script with spaces: words, numbers, identifiers, and the punctuation around
    them.
    """
    every: list[str] = []
    content: list[str] = []
    if not chunk.isascii():
        chunk = _FOREIGN_PUNCTUATION.sub(" ", chunk)
    if "'" in chunk:
        chunk = _NOT_CONTRACTED.sub(lambda m: _IRREGULAR.get(m[0].lower(), " not"), chunk)
        chunk = _CLITIC.sub(" ", chunk)
    if "," in chunk:
        chunk = _THOUSANDS.sub(lambda m: m[0].replace(",", ""), chunk)
    for piece in _PIECE.finditer(_ELLIPSIS.sub(" ", chunk)):
        if piece["url"]:
            _add_url(piece[0].rstrip(".,;:!?)*"), every, content)
        else:
            _add_piece(piece[0], every, content)
    return tuple(every), tuple(content)


def _add_url(url: str, every: list[str], content: list[str]) -> None:
    # With and without its scheme, because people write both.
    whole = fold(url)
    for term in (whole, whole.split("://", 1)[1]):
        if term:
            every.append(term[:MAX_TERM_LENGTH])
            content.append(term[:MAX_TERM_LENGTH])
    _add_parts(url, every, content)


def _add_piece(piece: str, every: list[str], content: list[str]) -> None:
    piece = piece.replace("\\\\", "/").replace("\\", "/")
    piece = piece.lstrip(_EDGE_LEFT).rstrip(_EDGE_RIGHT)
    piece = _RELATIVE.sub("", piece, count=1) if piece.startswith(".") else piece
    piece = _SIGN.sub("", piece)
    if _ACRONYM.fullmatch(piece):
        piece = piece.replace(".", "")
    elif emphasised := _EMPHASIS.fullmatch(piece):
        piece = emphasised[1]
    if not _PART.fullmatch(piece):
        _add_wholes(piece, every, content)
    _add_parts(piece, every, content)


def _add_wholes(piece: str, every: list[str], content: list[str]) -> None:
    """The identifier as one term, and the spellings under which it is looked up as well."""
    if not _PART.search(piece):
        return
    whole = fold(piece)
    wholes = [whole]
    # src/app.py:42, 127.0.0.1:8000, but not the time 10:30
    located = _LINE_OR_PORT.search(whole, max(0, len(whole) - MAX_TERM_LENGTH))
    if located and not whole[: located.start()].isdigit():
        wholes.append(whole[: located.start()])
    if version := _VERSION.fullmatch(whole):  # v1.2.3 and 1.2.3
        wholes.append(version[1])
    for term in wholes:
        every.append(term[:MAX_TERM_LENGTH])
        content.append(term[:MAX_TERM_LENGTH])


def _add_parts(piece: str, every: list[str], content: list[str]) -> None:
    for part in _PART.findall(piece):
        lower = fold(part)[:MAX_TERM_LENGTH]
        all_terms, content_terms = _word(lower)
        every.extend(all_terms)
        content.extend(content_terms)
        if len(part) > MAX_TERM_LENGTH:
            continue
        if ordinal := _ORDINAL.fullmatch(lower):
            every.append(ordinal[1])
            content.append(ordinal[1])
        elif _HUMP.search(part):
            for hump in _CAMEL.findall(part):
                if len(hump) == 1:
                    continue
                all_terms, content_terms = _word(fold(hump))
                every.extend(all_terms)
                content.extend(content_terms)


# --- folding and stemming

# Letters with a stroke or a ligature have no decomposition; case folding has already turned ß into
# ss.
_LETTERS: Final = str.maketrans(
    {"ø": "o", "đ": "d", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ħ": "h"}
)


def _strip_marks(text: str) -> str:
    text = text.translate(_LETTERS)
    decomposed = unicodedata.normalize("NFD", text)
    bare = "".join(c for c in decomposed if not _is_diacritic(c))
    return unicodedata.normalize("NFKC", bare)


def _is_diacritic(char: str) -> bool:
    combining = unicodedata.combining(char)
    return combining >= 200 or 10 <= combining <= 36


class _Stemmers(threading.local):
    """One Snowball stemmer per thread: its working buffer is not shareable."""

    def __init__(self) -> None:
        # The chunk cache stands in front, so the library's own cache is off.
        self.stem = Stemmer.Stemmer("english", 0).stemWord


_stemmers: Final = _Stemmers()


def _stem(word: str) -> str:
    if word.isascii() and word.isalpha() and len(word) <= MAX_TERM_LENGTH:
        stemmed: str = _stemmers.stem(word)
        return stemmed
    return word[:MAX_TERM_LENGTH]
