"""UTF-16 and UTF-32 against Python's decoders, and what is text at all."""

import gzip
import random

import pytest

from firth.corpus.encodings import LEAST, encoding_of, transcoded
from firth.corpus.kinds import SNIFFED, NoTextError
from firth.corpus.reader import TextReader
from firth.errors import CorpusError
from firth.settings import Reading

WIDE = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
TEXTS = {
    "English": "It's fine weather today, and we go for a walk.\nThe end of it — “so what?”\n",
    "Russian": "Сегодня хорошая погода, мы идём гулять в парк.\n",
    "Greek": "Σήμερα ο καιρός είναι καλός και πάμε βόλτα.\n",
    "Hebrew": "היום מזג האוויר טוב ואנחנו הולכים לפארק.\n",
    "Arabic": "الطقس جميل اليوم ونحن ذاهبون إلى الحديقة.\n",
    "Hindi": "आज मौसम अच्छा है और हम पार्क जा रहे हैं।\n",
    "Thai": "วันนี้อากาศดี เราไปเดินเล่นในสวน\n",
    "Vietnamese": "Hôm nay thời tiết đẹp, chúng tôi đi dạo trong công viên.\n",
    "decomposed": "Ho\u0302m nay tho\u031b\u0300i tie\u0302\u0301t de\u0323p, chu\u0301ng to\u0302i di da\u0323o.\n",
    "German": "Heute ist schönes Wetter, größere Übungen für Ärzte.\n",
    "pairs": "words with \U0001f98a and \U00020000 between them\n",
}
CHINESE = "今天天气很好。我们去公园散步。\n春眠不觉晓处处闻啼鸟\n"
JAPANESE = "これは日本語の文章です。ひらがなとカタカナと漢字が混ざっています。\n"
KOREAN = "안녕하세요 오늘은 날씨가 좋습니다\n우리는 공원에 갑니다\n"


def reader_of(path, size=1 << 19, **reading):
    return TextReader([str(path)], Reading(**reading), block_size=size)


def read(reader):
    return b"".join(block for blocks in reader.blocks_of_files() for block in blocks).decode()


@pytest.mark.parametrize("size", [1, 2, 3, 64, 1 << 19])
@pytest.mark.parametrize("encoding", WIDE)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_text_with_a_mark_is_read(tmp_path, size, encoding, pack):
    path = tmp_path / "text"
    for text in [*TEXTS.values(), CHINESE, "one\n", "\ufeffa second mark", ""]:
        path.write_bytes(pack(("\ufeff" + text).encode(encoding)))
        reader = reader_of(path, size)
        assert read(reader) == text
        assert reader.notes == [f"{path} is {encoding[:6].upper()}"]
        assert reader.replaced == 0


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("times", [3, 2000])
def test_utf16_without_a_mark_is_recognised(tmp_path, encoding, language, times):
    text, path = TEXTS[language] * times, tmp_path / "text"
    path.write_bytes(text.encode(encoding))
    reader = reader_of(path)
    assert read(reader) == text
    assert reader.notes == [f"{path} is UTF-16, which its bytes show, without a byte order mark"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [CHINESE, JAPANESE, KOREAN])
def test_utf16_that_is_not_recognised_is_refused(tmp_path, encoding, text):
    path = tmp_path / "text"
    path.write_bytes((text * 20).encode(encoding))
    with pytest.raises(CorpusError, match="UTF-16LE -t UTF-8"):
        read(reader_of(path))


@pytest.mark.parametrize("encoding", WIDE)
def test_invalid_units_are_those_of_python(encoding):
    draw = random.Random(encoding)
    width = int(encoding[4:6]) // 8
    order = "little" if encoding.endswith("le") else "big"
    units = [0x61, 0x20, 0x0A, 0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0xFFFD, 0xFFFF]
    units += [0x10FFFF, 0x110000, 0xFFFFFFFF] if width == 4 else []
    kind = encoding_of("", ("\ufeff" + "a" * 20).encode(encoding))
    for _ in range(500):
        data = b"".join(unit.to_bytes(width, order) for unit in draw.choices(units, k=draw.randrange(12)))
        for cut in (b"", b"\x01"):
            seen = []
            size = draw.randrange(1, 7)
            whole = data + cut
            chunks = iter([whole[at : at + size] for at in range(0, len(whole), size)])
            text = b"".join(transcoded(chunks, kind, lambda byte, count, seen=seen: seen.append((byte, count))))
            if cut and data[-width:].decode(encoding, "ignore") == "" and data:
                continue  # Python makes one sequence of the half of a pair and the half of a unit behind it
            assert text.decode() == whole.decode(encoding, "replace"), whole
            genuine = sum(unit == 0xFFFD.to_bytes(width, order) for unit in cells(data, width))
            assert sum(count for _, count in seen) == text.decode().count("\ufffd") - genuine
            if seen:
                assert whole[: seen[0][0]].decode(encoding)[:0] == ""
                with pytest.raises(UnicodeDecodeError):
                    whole[: seen[0][0] + 2 * width].decode(encoding)


def cells(data, width):
    return [data[at : at + width] for at in range(0, len(data), width)]


def test_invalid_utf16_is_replaced_or_refused_as_asked(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"\xff\xfe" + "good words ".encode("utf-16-le") * 9 + b"\x00\xd8 \x00x\x00\n\x00\x41")
    reader = reader_of(path)
    assert read(reader) == "good words " * 9 + "\ufffd x\n\ufffd"
    with pytest.warns(
        UserWarning, match=r"replaced 2 invalid UTF-16 sequences by U\+FFFD, the first at .*, byte 200: is the file cut"
    ):
        reader.warn(1)
    with pytest.raises(CorpusError, match=r"text, byte 200: invalid UTF-16\. Convert"):
        read(reader_of(path, errors="strict"))


@pytest.mark.parametrize(
    ("language", "encoding"),
    [
        ("Russian", "cp1251"),
        ("Russian", "koi8-r"),
        ("Greek", "cp1253"),
        ("Hebrew", "cp1255"),
        ("Arabic", "cp1256"),
        ("Thai", "cp874"),
    ],
)
def test_text_in_another_encoding_is_refused(tmp_path, language, encoding):
    path = tmp_path / "text"
    path.write_bytes(TEXTS[language].encode(encoding))
    with pytest.raises(
        CorpusError, match=r"% of the first characters are invalid as UTF-8, more than 25%: .* iconv -f"
    ):
        read(reader_of(path))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(CHINESE, "gb18030"), (CHINESE, "big5"), (JAPANESE, "shift-jis"), (JAPANESE, "euc-jp"), (KOREAN, "euc-kr")],
)
def test_east_asian_encodings_are_refused(tmp_path, text, encoding):
    path = tmp_path / "text"
    path.write_bytes(text.encode(encoding, "ignore") * 9)
    with pytest.raises(CorpusError, match="SHIFT_JIS, GB18030, BIG5"):
        read(reader_of(path))


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "cp1250"])
def test_text_with_some_invalid_bytes_is_read_with_a_warning(tmp_path, encoding):
    path = tmp_path / "text"
    path.write_bytes(TEXTS["German"].encode(encoding) * 9)
    reader = reader_of(path)
    assert read(reader) == TEXTS["German"].encode(encoding).decode(errors="replace") * 9
    with pytest.warns(UserWarning, match=r"replaced 54 invalid UTF-8 .* iconv -f CP1252 -t UTF-8"):
        reader.warn(1)


def test_the_first_bytes_decide_whatever_the_blocks(tmp_path):
    path = tmp_path / "text"
    good, bad = b"good words and more\n" * (SNIFFED // 20 + 1), TEXTS["Russian"].encode("koi8-r") * 2000
    for size in (1000, 5000, 1 << 19):
        path.write_bytes(good[: SNIFFED - 5] + b"\n" + bad)
        assert read(reader_of(path, size)).startswith("good words")
        path.write_bytes(bad + good)
        with pytest.raises(CorpusError, match="invalid as UTF-8"):
            read(reader_of(path, size))


def test_a_character_that_the_first_bytes_end_in_is_whole(tmp_path):
    path = tmp_path / "text"
    for begin in range(4):
        text = "x" * begin + "字 \U0001f98a " * 9000
        path.write_bytes(text.encode())
        reader = reader_of(path)
        assert read(reader) == text
        assert reader.replaced == 0


def test_the_shares_at_which_text_ends():
    wrong = b"\xff" * 30
    assert encoding_of("f", wrong + b"x" * 90) is None
    with pytest.raises(NoTextError, match="25% of the first characters are invalid as UTF-8"):
        encoding_of("f", wrong + b"x" * 89 + b"\n" * 500)
    assert encoding_of("f", b"\xff" * (LEAST - 1) + b"x") is None
    with pytest.raises(NoTextError, match="control characters, more than 25%: it is a binary file"):
        encoding_of("f", b"\x01\x02\xff" * 50 + b"x" * 200)
    assert encoding_of("f", b"\x1b[31mred\x1b[0m words " * 9) is None
    assert encoding_of("f", (b"word " * 200 + b"\0") * 12) is None
    with pytest.raises(NoTextError, match=r"12 NULs in the first 732 bytes.* UTF-16LE .*tr '\\0' '\\n'"):
        encoding_of("f", (b"word " * 12 + b"\0") * 12)


@pytest.mark.parametrize("draws", range(20))
def test_random_bytes_are_refused(draws):
    draw = random.Random(draws)
    content = draw.randbytes(200 + draws * 1000)
    with pytest.raises(NoTextError):
        encoding_of("f", content)
    for width in (2, 4, 8):
        numbers = b"".join(draw.randrange(300).to_bytes(width, "little") for _ in range(500))
        with pytest.raises(NoTextError):
            encoding_of("f", numbers)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "cp1251"])
@pytest.mark.filterwarnings("ignore:replaced")
def test_mutated_texts_are_read_or_refused(tmp_path, encoding):
    draw = random.Random(encoding)
    path = tmp_path / "text"
    for _ in range(100):
        text = TEXTS[draw.choice(["English", "German"] if encoding == "cp1252" else ["English", "Russian"])] * 3
        mutated = bytearray(text.encode(encoding, "ignore"))
        for _ in range(draw.choice([1, 3, 30])):
            place = draw.randrange(len(mutated))
            mutated[place : place + draw.randrange(3)] = draw.randbytes(draw.randrange(3))
        path.write_bytes(mutated)
        for errors in ("replace", "strict"):
            outcomes = set()
            for size in (1, 9, 1 << 19):
                try:
                    outcomes.add(read(reader_of(path, size, errors=errors)))
                except CorpusError as error:
                    outcomes.add(str(error))
            assert len(outcomes) == 1
