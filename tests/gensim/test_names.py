"""Every public name of gensim 4.4 has a mark on docs/from-gensim.md, and the mark is true.

The lists are what `dir()` and `inspect.signature` of gensim 4.4.0 show, names that other modules of it define left out.
"""

import importlib
import inspect
import re
import warnings
from pathlib import Path
from types import ModuleType

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "from-gensim.md"

MODULES = {
    "models": "AtireBM25Model AuthorTopicModel BackMappingTranslationMatrix CoherenceModel Doc2Vec EnsembleLda "
    "FAST_VERSION FastText HdpModel KeyedVectors LdaModel LdaMulticore LdaSeqModel LogEntropyModel LsiModel "
    "LuceneBM25Model Nmf NormModel OkapiBM25Model Phrases RpModel TfidfModel TranslationMatrix VocabTransform Word2Vec "
    "callbacks doc2vec fasttext keyedvectors phrases word2vec",
    "models.word2vec": "BrownCorpus CORPUSFILE_VERSION FAST_VERSION Heapitem LineSentence MAX_WORDS_IN_BATCH "
    "PathLineSentences Text8Corpus Word2Vec Word2VecTrainables Word2VecVocab score_sentence_cbow score_sentence_sg "
    "train_batch_cbow train_batch_sg train_epoch_cbow train_epoch_sg",
    "models.fasttext": "FastText FastTextKeyedVectors FastTextTrainables FastTextVocab MAX_WORDS_IN_BATCH "
    "ft_ngram_hashes load_facebook_model load_facebook_vectors save_facebook_model",
    "models.doc2vec": "CORPUSFILE_VERSION Doc2Vec Doc2VecTrainables Doc2VecVocab Doctag FAST_VERSION TaggedBrownCorpus "
    "TaggedDocument TaggedLineDocument",
    "models.keyedvectors": "CompatVocab Doc2VecKeyedVectors EuclideanKeyedVectors KeyedVectors Vocab "
    "Word2VecKeyedVectors load_word2vec_format prep_vectors pseudorandom_weak_vector",
    "models.phrases": "ENGLISH_CONNECTOR_WORDS FrozenPhrases NEGATIVE_INFINITY Phraser Phrases npmi_scorer "
    "original_scorer",
    "models.callbacks": "Callback CallbackAny2Vec CoherenceMetric ConvergenceMetric DiffMetric Metric PerplexityMetric "
    "VISDOM_INSTALLED",
    "utils": "ClippedCorpus FakeDict InputQueue NO_CYTHON PAT_ALPHABETIC PICKLE_PROTOCOL RULE_DEFAULT RULE_DISCARD "
    "RULE_KEEP RepeatCorpus RepeatCorpusNTimes SaveLoad SlicedCorpus any2unicode any2utf8 call_on_class_only "
    "check_output chunkize chunkize_serial copytree_hardlink deaccent decode_htmlentities default_prng deprecated "
    "dict_from_corpus effective_n_jobs file_or_filename flatten gensim_version getNS get_max_id get_my_ip "
    "get_random_state grouper identity ignore_deprecation_warning is_corpus is_empty iter_windows keep_vocab_item "
    "lazy_flatten merge_counts mock_data mock_data_row n2cp open open_file pickle prune_vocab pyro_daemon qsize "
    "randfname revdict safe_unichr sample_dict save_as_line_sentence simple_preprocess simple_tokenize smart_extension "
    "strided_windows synchronous to_unicode to_utf8 tokenize toptexts trim_vocab_by_freq unpickle upload_chunked",
    "matutils": "argsort cossim unitvec veclen",
    "downloader": "info load",
    "test.utils": "LeeCorpus common_corpus common_dictionary common_texts datapath get_tmpfile lee_corpus_list "
    "module_path temporary_file",
    "scripts.glove2word2vec": "get_glove_info glove2word2vec",
}

CLASSES = {
    "models.Word2Vec": "add_lifecycle_event add_null_word build_vocab build_vocab_from_freq create_binary_tree "
    "estimate_memory get_latest_training_loss init_sims init_weights load make_cum_table predict_output_word "
    "prepare_vocab prepare_weights reset_from save scan_vocab score seeded_vector train update_weights",
    "models.FastText": "load_binary_data load_fasttext_format",
    "models.Doc2Vec": "dbow dm docvecs estimated_lookup_memory infer_vector save_word2vec_format "
    "similarity_unseen_docs",
    "models.KeyedVectors": "add_lifecycle_event add_vector add_vectors allocate_vecattrs closer_than "
    "cosine_similarities distance distances doesnt_match evaluate_word_analogies evaluate_word_pairs fill_norms "
    "get_index get_mean_vector get_normed_vectors get_vecattr get_vector has_index_for index2entity index2word "
    "init_sims intersect_word2vec_format load load_word2vec_format log_accuracy log_evaluate_word_pairs most_similar "
    "most_similar_cosmul most_similar_to_given n_similarity rank rank_by_centrality relative_cosine_similarity "
    "resize_vectors save save_word2vec_format set_vecattr similar_by_key similar_by_vector similar_by_word similarity "
    "similarity_unseen_docs sort_by_descending_frequency unit_normalize_all vectors_for_all vectors_norm vocab "
    "wmdistance word_vec words_closer_than",
    "models.fasttext.FastTextKeyedVectors": "adjust_vectors get_sentence_vector init_post_load "
    "recalc_char_ngram_buckets",
    "models.Phrases": "add_lifecycle_event add_vocab analyze_sentence export_phrases find_phrases freeze load save "
    "score_candidate",
    "models.phrases.FrozenPhrases": "add_lifecycle_event analyze_sentence find_phrases load save score_candidate",
    "models.callbacks.CallbackAny2Vec": "on_epoch_begin on_epoch_end on_train_begin on_train_end",
}

OPTIONS = {
    "models.Word2Vec": "sentences corpus_file vector_size alpha window min_count max_vocab_size sample seed workers "
    "min_alpha sg hs negative ns_exponent cbow_mean hashfxn epochs null_word trim_rule sorted_vocab batch_words "
    "compute_loss callbacks comment max_final_vocab shrink_windows",
    "models.FastText": "sentences corpus_file sg hs vector_size alpha window min_count max_vocab_size word_ngrams "
    "sample seed workers min_alpha negative ns_exponent cbow_mean hashfxn epochs null_word min_n max_n sorted_vocab "
    "bucket trim_rule batch_words callbacks max_final_vocab shrink_windows",
    "models.Doc2Vec": "documents corpus_file vector_size dm_mean dm dbow_words dm_concat dm_tag_count dv dv_mapfile "
    "comment trim_rule callbacks window epochs shrink_windows",
    "models.Phrases": "sentences min_count threshold max_vocab_size delimiter progress_per scoring connector_words",
}

MARKS = {"works", "differs", "no effect", "refused"}
RAISE = {("downloader", "load"), ("downloader", "info"), ("models.KeyedVectors", "similarity_unseen_docs")}
"""What is there, marked as refused, and raises."""

ARGUMENTS = {
    "models.KeyedVectors": (2,),
    "models.fasttext.FastTextKeyedVectors": (2, 3, 6, 10),
}


def marks(heading):
    """The mark of each name in the table below a heading of the page, and the names that come twice."""
    text = PAGE.read_text("utf-8")
    part = text.split(f"### {heading}\n", 1)
    assert len(part) == 2, f"no heading {heading} in {PAGE.name}"
    found, twice = {}, []
    for line in re.split(r"^##", part[1], maxsplit=1, flags=re.MULTILINE)[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|") or cells[0] in ("mark", "---"):
            continue
        assert cells[0] in MARKS, line
        for name in re.findall(r"`([^`]+)`", cells[1]):
            twice += [name] if name in found else []
            found[name] = cells[0]
    return found, twice


def found_at(path):
    """A module or class of firth.gensim by its path."""
    parent, _, name = path.rpartition(".")
    try:
        return importlib.import_module(f"firth.gensim.{path}")
    except ModuleNotFoundError:
        return getattr(importlib.import_module(f"firth.gensim.{parent}"), name)


def has(thing, name):
    """Whether a module, or a class or an object of it, has a name: also one that only training gives a value."""
    declared = set()
    if not isinstance(thing, ModuleType):
        declared = {name for kind in type(thing).__mro__ for name in inspect.get_annotations(kind)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those about names of gensim 3
        return name in declared or name in dir(type(thing)) or hasattr(thing, name)


def check(path, heading, thing, expected):
    table, twice = marks(heading)
    assert twice == []
    assert set(expected.split()) <= set(table), "names without a mark"
    for name, mark in table.items():
        there = has(thing, name)
        if mark != "refused":
            assert there, f"{name} is marked {mark!r}, and is not there"
        elif (path, name) not in RAISE:
            assert not there, f"{name} is marked refused, and is there"


@pytest.mark.parametrize("path", MODULES)
def test_names_of_modules(path):
    check(path, f"`gensim.{path}`", found_at(path), MODULES[path])


@pytest.mark.parametrize("path", CLASSES)
def test_names_of_classes(path):
    kind = found_at(path)
    name = path.rpartition(".")[2]
    thing = found_at("models.Phrases")().freeze() if name == "FrozenPhrases" else kind(*ARGUMENTS.get(path, ()))
    check(path, f"`{name}`", thing, CLASSES[path])


@pytest.mark.parametrize("path", OPTIONS)
def test_options(path):
    kind = found_at(path)
    table, twice = marks(f"Options of `{kind.__name__}`")
    assert twice == []
    parameters = [*inspect.signature(kind).parameters]
    expected = OPTIONS[path].split()
    assert parameters[: len(expected)] == expected, "gensim's order"
    assert set(table) == set(expected)


def test_the_check_of_marks_notices():
    class Thing:
        there = 1
        later: int

    assert has(Thing(), "there")
    assert has(Thing(), "later")
    assert not has(Thing(), "nowhere")
    assert marks("`gensim.matutils`")[0]["argsort"] == "works"
