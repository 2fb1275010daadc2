"""Text that white space hardly divides: what the messages say."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from firth.corpus.encode import build_corpus
from firth.corpus.spacing import measure
from firth.errors import CorpusError, VocabularyError
from firth.settings import Reading

ADVICE = r"hardly any white space: give --tokenizer chars, or kmers:3 for sequences, or in Python a function"
UNSPACED = {
    "Chinese": ["今天天气很好", "我们去公园散步", "他喜欢看书"],
    "Japanese": ["ひらがなだけです", "カタカナ", "これはほんです"],
    "Thai": ["สวัสดีครับ", "วันนี้อากาศดี"],
    "Khmer": ["សួស្តី", "ខ្ញុំស្រឡាញ់"],
    "Burmese": ["မင်္ဂလာပါ", "နေကောင်းလား"],
    "Lao": ["ສະບາຍດີ", "ຂອບໃຈຫຼາຍ"],
    "Tibetan": ["བཀྲ་ཤིས་བདེ་ལེགས", "ཁྱེད་རང"],
    "DNA": ["ACGTTGCAACGTTGCAACGTTGCA", "TTGCAACGTTGCAACGTTGCAACG"],
}
SPACED = {
    "Chinese": ["今天 天气 很 好", "我们 去 公园"],
    "Korean": ["안녕하세요 저는 학생입니다", "오늘은 날씨가 좋습니다"],
    "English": ["internationalization is a long word", "here are others"],
}


@pytest.mark.parametrize("language", UNSPACED)
@pytest.mark.parametrize("tokenizer", [None, "whitespace", "words"])
def test_a_text_without_spaces_names_the_tokenizer(tmp_path, language, tokenizer):
    path = tmp_path / "text"
    path.write_text("\n".join(UNSPACED[language]), encoding="utf-8")
    with pytest.raises(VocabularyError, match=rf"^no word occurs 5 times: .* occurs once\. The text has {ADVICE}"):
        build_corpus(path, reading=Reading(tokenizer=tokenizer))
    with pytest.raises(CorpusError, match=ADVICE):
        build_corpus(path, reading=Reading(tokenizer=tokenizer), words=["one", "other"])


@pytest.mark.parametrize("language", SPACED)
def test_a_text_with_spaces_is_to_be_longer(tmp_path, language):
    path = tmp_path / "text"
    path.write_text("\n".join(SPACED[language]), encoding="utf-8")
    with pytest.raises(VocabularyError, match=r"occurs once\. Give more text, or a min_count of 1 or less$"):
        build_corpus(path)


@pytest.mark.parametrize(
    ("source", "tokenizer"),
    [([["今天天气很好"], ["a" * 60]], None), (["今天天气很好"] * 2, "kmers:2"), (["a" * 60] * 2, str.split)],
)
def test_only_white_space_is_told_of(source, tokenizer):
    with pytest.raises(VocabularyError, match="Give more text"):
        build_corpus(source, reading=Reading(tokenizer=tokenizer), min_count=9)


def test_sentences_that_become_words_are_warned_of(tmp_path):
    path = tmp_path / "text"
    for length in (50, 51):
        path.write_text(f"{'字' * length}\n{'语' * length}\n", encoding="utf-8")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            build_corpus(path, min_count=1).close()
        assert len(caught) == (length > 50)
    assert "a token has 51 characters on average, so the words may be whole sentences: give --tok" in str(
        caught[0].message
    )
    assert Path(caught[0].filename) == Path(__file__)


def test_the_average_is_over_tokens():
    found = measure(lambda numbers: [("ab", "字字字字")[number] for number in numbers], np.array([1, 3]))
    assert found == (3.5, 0.75)
