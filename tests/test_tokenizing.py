"""The names of tokenizers, and of functions that divide text."""

import functools

import pytest

from firth.errors import ConfigError
from firth.settings import DocumentOptions, Reading, TrainConfig
from firth.tokenizing import LostTokenizer, check_tokenizer, kept_tokenizer, kmers_of, tokenizer_name

NAMES = ["whitespace", "words", "chars", "kmers:1", "kmers:3", "kmers:1024", "kmers:6:6", "kmers:6:1"]
WRONG = ["", "letters", "kmers", "kmers:", "kmers:0", "kmers:03", "kmers:1025", "kmers:3:4", "kmers:3:0", "kmers:3:"]
WRONG += ["kmers:-3", "kmers:٣", "kmers:3\n", "Chars", 3, b"chars", True, ["chars"]]


def words_of(line):
    return line.split()


class Splitter:
    def __call__(self, line):
        return line.split()

    def cut(self, line):
        return line.split()


@pytest.mark.parametrize("name", [*NAMES, None, words_of, str.split, Splitter()])
def test_names_and_functions_are_tokenizers(name):
    check_tokenizer(name)
    assert Reading(tokenizer=name).tokenizer is name
    assert DocumentOptions(tokenizer=name).tokenizer is name


@pytest.mark.parametrize("name", WRONG)
def test_anything_else_is_refused_with_the_choices(name):
    for make in (Reading, TrainConfig, DocumentOptions):
        with pytest.raises(ConfigError, match=r"tokenizer is .*: expected whitespace, words, chars, kmers:K or"):
            make(tokenizer=name)


def test_the_length_and_stride_of_kmers():
    assert kmers_of("kmers:3") == (3, 1)
    assert kmers_of("kmers:6:6") == (6, 6)
    assert kmers_of("words") is None


def test_a_file_keeps_a_readable_name():
    assert TrainConfig().as_dict()["tokenizer"] == "whitespace"
    assert [tokenizer_name(name) for name in NAMES] == NAMES
    assert tokenizer_name(words_of).endswith("test_tokenizing.words_of")
    assert tokenizer_name(Splitter().cut).endswith("test_tokenizing.Splitter.cut")
    assert tokenizer_name(Splitter()).endswith("test_tokenizing.Splitter")
    assert tokenizer_name(functools.partial(words_of)) == "functools.partial"
    assert tokenizer_name(str.split) == "builtins.str.split"
    assert TrainConfig(tokenizer=words_of).as_dict()["tokenizer"] == tokenizer_name(words_of)


def test_a_function_is_lost_with_its_run_and_a_name_is_not():
    assert [kept_tokenizer(name) for name in [*NAMES, words_of, None]] == [*NAMES, words_of, None]
    lost = kept_tokenizer("jieba.lcut")
    assert isinstance(lost, LostTokenizer)
    assert tokenizer_name(lost) == "jieba.lcut"
    with pytest.raises(ConfigError, match=r"divided .* by jieba\.lcut, a function.* give it again .*tokenizer="):
        lost("a line")
