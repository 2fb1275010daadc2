"""firth.gensim's Doc2Vec: documents and tags, each way of training, new documents, files, wrong input."""

import copy
import inspect
import logging
import pickle

import numpy as np
import pytest

from firth.errors import FirthError, FormatError
from firth.gensim.models.doc2vec import Doc2Vec, TaggedDocument, TaggedLineDocument
from firth.gensim.models.keyedvectors import KeyedVectors

MODES = {
    "dbow": {"dm": 0},
    "dbow and words": {"dm": 0, "dbow_words": 1},
    "mean": {},
    "sum": {"dm_mean": 0},
    "concatenation": {"dm_concat": 1, "window": 2},
    "both losses": {"hs": 1},
}

TOPICS = [["apple", "pear", "plum", "fig"], ["iron", "zinc", "tin", "lead"]]


def documents(count=40, length=30, tag=lambda number: [number]):
    """Documents of words of two topics in turn."""
    rng = np.random.default_rng(5)
    words = [rng.choice(TOPICS[number % 2], length).tolist() for number in range(count)]
    return [TaggedDocument(some, tag(number)) for number, some in enumerate(words)]


def model(docs=None, **options):
    options = {"vector_size": 16, "min_count": 1, "sample": 0, "workers": 1, "epochs": 20, "alpha": 0.05} | options
    return Doc2Vec(documents() if docs is None else docs, **options)


@pytest.fixture(scope="module")
def dbow():
    return model(**MODES["dbow"])


def topics_found(rows):
    """The share of documents whose nearest other one is of the same topic."""
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -2)
    return np.mean(cosines.argmax(axis=1) % 2 == np.arange(len(rows)) % 2)


@pytest.mark.parametrize("mode", MODES)
def test_documents_of_a_topic_come_together_also_new_ones(mode):
    made = model(alpha=0.2 if mode in ("concatenation", "both losses") else 0.1, **MODES[mode])
    assert topics_found(made.dv.vectors) >= 0.9
    new = made.infer_vector([document.words for document in documents(10)])
    assert new.shape == (10, 16)
    assert topics_found(new) >= 0.9


def test_parameters_are_gensims():
    names = list(inspect.signature(Doc2Vec.__init__).parameters)[1:]
    assert names == [
        *("documents", "corpus_file", "vector_size", "dm_mean", "dm", "dbow_words", "dm_concat", "dm_tag_count", "dv"),
        *("dv_mapfile", "comment", "trim_rule", "callbacks", "window", "epochs", "shrink_windows", "kwargs"),
    ]
    assert Doc2Vec().epochs == 10
    assert Doc2Vec().min_count == 5


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "Doc2Vec<dm/m,d100,n5,w5,mc5,s0.001,t3>"),
        ({"dm": 0, "min_count": 1, "workers": 1, "sample": 0}, "Doc2Vec<dbow,d100,n5>"),
        ({"dm": 0, "dbow_words": 1, "hs": 1, "negative": 0}, "Doc2Vec<dbow+w,d100,hs,w5,mc5,s0.001,t3>"),
        ({"dm_concat": 1, "vector_size": 7}, "Doc2Vec<dm/c,d7,n5,w5,mc5,s0.001,t3>"),
        ({"dm_mean": 0}, "Doc2Vec<dm/s,d100,n5,w5,mc5,s0.001,t3>"),
    ],
)
def test_text_form(options, expected):
    made = Doc2Vec(**options)
    assert str(made) == expected
    assert made.dm is not made.dbow


def test_string_tags_are_in_order_of_appearance():
    made = model([TaggedDocument(["a", "b"], ["y"]), TaggedDocument(["b", "a", "a"], ["x", "y"])], dm=0)
    assert made.dv.index_to_key == ["y", "x"]
    assert made.dv["x"].shape == (16,)
    assert (made.dv.get_vecattr("y", "doc_count"), made.dv.get_vecattr("y", "word_count")) == (2, 5)
    assert (made.dv.get_vecattr("x", "doc_count"), made.dv.get_vecattr("x", "word_count")) == (1, 3)


def test_integer_tags_are_rows_and_strings_follow(caplog):
    docs = [TaggedDocument(["a", "b"], [np.int64(0)]), TaggedDocument(["b", "a"], ["x", 3])]
    with caplog.at_level(logging.WARNING):
        made = model(docs, dm=0)
    assert "the largest integer tag is 3" in caplog.text
    assert made.dv.index_to_key == [0, 1, 2, 3, "x"]
    assert np.array_equal(made.dv[3], made.dv.vectors[3])
    assert np.array_equal(made.dv["x"], made.dv.vectors[4])
    assert "y" not in made.dv


def test_a_document_moves_the_vectors_of_all_its_tags_and_no_others():
    docs = [TaggedDocument([], ["z"]), TaggedDocument(["a", "b"] * 10, ["x", "y"])]
    made = model([TaggedDocument(["rare"], ["z"]), docs[1]], dm=0, min_count=1, epochs=1)
    before = made.dv.vectors.copy()
    with pytest.warns(UserWarning, match="1 of 2 documents have no word"):
        made.train(docs, total_examples=2, epochs=2)
    assert (made.dv.vectors != before).any(axis=1).tolist() == [False, True, True]


def test_words_stay_as_they_begin_where_documents_alone_predict(dbow):
    fresh = Doc2Vec(vector_size=16, min_count=1, dm=0)
    fresh.build_vocab(documents())
    assert np.array_equal(dbow.wv.vectors, fresh.wv.vectors)
    assert 0.9 / 16 < np.abs(fresh.wv.vectors).max() <= 1 / 16
    assert not np.array_equal(dbow.dv.vectors, fresh.dv.vectors)


@pytest.mark.parametrize("dm", [0, 1])
def test_window_0_has_documents_alone(dm, dbow):
    """As karateclub has it; gensim's threads die of dm=1, and it waits for ever."""
    made = model(dm=dm, window=0)
    assert np.array_equal(made.dv.vectors, dbow.dv.vectors)
    assert np.array_equal(made.infer_vector(["fig"]), dbow.infer_vector(["fig"]))
    assert made.dm == bool(dm)


def test_long_documents_are_whole():
    words = ["a", "b"] * 6000 + ["last"] * 5
    made = model([TaggedDocument(words, [0]), TaggedDocument(["b"] * 5, [1])], dm=0, epochs=1)
    assert made.corpus_total_words == 12_010
    assert made.wv.get_vecattr("last", "count") == 5
    assert made.dv.get_vecattr(0, "word_count") == 12_005


def test_training_again_goes_on_from_the_matrices(dbow):
    made = copy.deepcopy(dbow)
    trained, words = made.train(documents(), total_examples=40, epochs=1, start_alpha=1e-4, end_alpha=1e-4)
    assert (trained, words) == (1200, 1200)
    assert np.abs(made.dv.vectors - dbow.dv.vectors).max() < 0.01
    assert not np.array_equal(made.dv.vectors, dbow.dv.vectors)


def test_arrays_of_the_user_are_trained_from(dbow):
    made = copy.deepcopy(dbow)
    given = np.full(made.dv.vectors.shape, 3.0)
    made.dv.vectors = given
    made.train(documents(), total_examples=40, epochs=1)
    assert np.abs(made.dv.vectors - 3.0).max() < 2.0
    assert (given == 3.0).all()


def test_update_adds_words_and_tags(dbow):
    made = copy.deepcopy(dbow)
    before = made.dv.vectors.copy()
    made.build_vocab([TaggedDocument(["apple", "kiwi"], ["new", 0])], update=True)
    assert made.dv.index_to_key == [*range(40), "new"]
    assert np.array_equal(made.dv.vectors[:40], before)
    assert np.array_equal(made.wv["fig"], dbow.wv["fig"])
    assert "kiwi" in made.wv
    assert made.dv.get_vecattr(0, "doc_count") == 2
    made.train([TaggedDocument(["apple", "kiwi"] * 9, ["new"])], total_examples=1, epochs=1)
    assert np.array_equal(made.dv.vectors[:40], before)


def test_a_file_has_a_document_a_line_and_reads_as_tagged_lines_do(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("".join(" ".join(document.words) + "\n" for document in documents(6)) + "\napple fig\n")
    options = {"dm": 0, "vector_size": 16, "min_count": 1, "workers": 1, "epochs": 2}
    with pytest.warns(UserWarning, match="1 of 8 documents"):
        of_file = Doc2Vec(corpus_file=path, **options)
    with pytest.warns(UserWarning, match="1 of 8 documents"):
        of_lines = Doc2Vec(TaggedLineDocument(path), **options)
    with pytest.warns(UserWarning, match="1 of 8 documents"):
        of_list = Doc2Vec(list(TaggedLineDocument(path)), **options)
    assert of_file.dv.index_to_key == list(range(8))
    assert of_file.dv.expandos["word_count"].tolist() == [30] * 6 + [0, 2]
    assert np.array_equal(of_file.dv.vectors, of_lines.dv.vectors)
    assert np.array_equal(of_file.dv.vectors, of_list.dv.vectors)


def test_a_generator_serves_once():
    assert np.array_equal(model(iter(documents()), dm=0).dv.vectors, model(dm=0).dv.vectors)
    used = iter(documents())
    list(used)
    with pytest.raises(RuntimeError, match="used up"):
        model(used)


@pytest.mark.parametrize(
    ("docs", "kind", "match"),
    [
        ([["a", "b"]], TypeError, r"document 0 .*TaggedDocument\("),
        (["a b"], TypeError, r"document 0 .*TaggedDocument\("),
        ("a b", TypeError, "one string"),
        ([TaggedDocument(["a"], [0]), TaggedDocument(["a"], "tag")], TypeError, r"document 1 .*such as \['tag'\]"),
        ([TaggedDocument(["a"], 4)], TypeError, r"such as \[4\]"),
        ([TaggedDocument(["a"], []), TaggedDocument([], ["x"])], RuntimeError, "no document that has words has a tag"),
        ([TaggedDocument(["a"], [1.5])], TypeError, r"the tag 1.5 \(float\)"),
        ([TaggedDocument(["a"], [-1])], TypeError, "the tag -1"),
        ([TaggedDocument("ab", [0])], TypeError, "letter by letter"),
        ([TaggedDocument(["a"], [10**12])], ValueError, "the largest integer tag is 1000000000000"),
        ([], RuntimeError, "no word"),
    ],
)
def test_what_are_no_documents(docs, kind, match):
    with pytest.raises(kind, match=match) as caught:
        model(docs)
    assert isinstance(caught.value, FirthError)


@pytest.mark.parametrize(
    ("options", "kind", "match"),
    [
        ({"sg": 1}, TypeError, "dm=0 is PV-DBOW"),
        ({"windows": 3}, TypeError, "'windows' is no option"),
        ({"window": -1}, ValueError, "window is -1"),
        ({"window": 0, "dm_concat": 1}, ValueError, "no window to concatenate"),
        ({"dm_tag_count": 0}, ValueError, "dm_tag_count is 0"),
        ({"hs": 0, "negative": 0}, ValueError, "nothing to learn"),
    ],
)
def test_options_out_of_range(options, kind, match):
    with pytest.raises(kind, match=match) as caught:
        Doc2Vec(**options)
    assert isinstance(caught.value, FirthError)


@pytest.mark.parametrize("tag", ["nope", 77])
def test_unknown_tags_are_not_left_out_in_silence(tag, dbow):
    made = copy.deepcopy(dbow)
    with pytest.raises(ValueError, match=rf"the tag '?{tag}'? is none of the model's.*update=True"):
        made.train([TaggedDocument(["fig"], [0]), TaggedDocument(["fig"], [tag])], total_examples=2, epochs=1)


def test_documents_without_a_tag_are_left_out_with_a_warning():
    docs = documents(6)
    docs[2:2] = [TaggedDocument(["fig", "only"], [])]
    with pytest.warns(UserWarning, match="1 of 7 documents have no tag and are left out") as caught:
        made = model(docs, dm=0)
    assert caught[0].filename == __file__
    assert (len(made.dv), made.corpus_count) == (6, 7)
    assert "only" not in made.wv
    same = model(documents(6), dm=0)
    np.testing.assert_array_equal(made.dv.vectors, same.dv.vectors)


def test_concatenation_takes_as_many_tags_as_it_is_told():
    with pytest.raises(ValueError, match="a document has 1 tags and dm_tag_count is 2"):
        model(dm_concat=1, dm_tag_count=2, window=2)
    made = model(documents(tag=lambda number: [number, 39 - number]), dm_concat=1, dm_tag_count=2, window=2, epochs=1)
    assert made.syn1neg.shape == (8, 6, 16)
    assert made.layer1_size == 96
    with pytest.raises(ValueError, match="only documents of one tag can be inferred"):
        made.infer_vector(["fig"])


def test_locked_words_stay():
    made = Doc2Vec(vector_size=16, min_count=1, workers=1)
    made.build_vocab(documents())
    before = made.wv.vectors.copy()
    made.wv.vectors_lockf = np.arange(8) % 2
    made.train(documents(), total_examples=40, epochs=2)
    assert (made.wv.vectors != before).any(axis=1).tolist() == [False, True] * 4
    made.dv.vectors_lockf = np.zeros(40)
    with pytest.raises(ValueError, match=r"dv\.vectors_lockf"):
        made.train(documents(), total_examples=40, epochs=2)


def test_inference_is_the_same_each_time_and_leaves_the_model_alone(dbow):
    words = ["fig", "plum", "unknown", "iron"]
    before = pickle.dumps((dbow.dv.vectors, dbow.wv.vectors, dbow.syn1neg))
    first = dbow.infer_vector(words)
    assert np.array_equal(first, dbow.infer_vector(tuple(words)))
    assert np.array_equal(first, dbow.infer_vector([["tin"], words])[1])
    assert not np.array_equal(first, dbow.infer_vector(words, epochs=1))
    assert not np.array_equal(first, dbow.infer_vector(words, alpha=0.5))
    assert pickle.dumps((dbow.dv.vectors, dbow.wv.vectors, dbow.syn1neg)) == before


def test_inference_finds_the_document_itself(dbow):
    first, metal, second = (document.words for document in documents(3))
    tag, cosine = dbow.dv.most_similar([dbow.infer_vector(metal)], topn=1)[0]
    assert tag % 2 == 1
    assert cosine > 0.9
    assert dbow.similarity_unseen_docs(first, second) > 0.9
    assert dbow.similarity_unseen_docs(first, metal) < 0.5


def test_inference_keeps_nothing_of_an_earlier_model(dbow):
    made = copy.deepcopy(dbow)
    words = documents()[0].words
    first = made.infer_vector(words)
    made.train(documents(), total_examples=40, epochs=5, start_alpha=0.2)
    trained = made.infer_vector(words, alpha=0.05, epochs=20)
    assert not np.array_equal(first, trained)
    again = pickle.loads(pickle.dumps(made))
    assert np.array_equal(trained, again.infer_vector(words, alpha=0.05, epochs=20))
    made.syn1neg[:] = 0.0
    assert np.abs(made.infer_vector(words)).max() <= 1 / 32


def test_inference_makes_its_tables_once(dbow, monkeypatch):
    made = copy.deepcopy(dbow)
    made.infer_vector(["fig"])
    monkeypatch.setattr("firth.gensim.models.doc2vec.Inference", None)
    made.infer_vector(["fig"])
    made.negative = 3
    with pytest.raises(TypeError):
        made.infer_vector(["fig"])


def test_no_epochs_of_inference_are_the_models_own(dbow):
    assert np.array_equal(dbow.infer_vector(["fig"], epochs=0), dbow.infer_vector(["fig"]))
    with pytest.raises(ValueError, match="epochs is -1"):
        dbow.infer_vector(["fig"], epochs=-1)


@pytest.mark.parametrize("words", [[], ["unknown"]])
def test_inference_without_a_word_warns(words, dbow):
    with pytest.warns(UserWarning, match="no word of the vocabulary"):
        assert dbow.infer_vector(words).shape == (16,)


@pytest.mark.parametrize("words", ["fig plum", 3, TaggedDocument(["fig"], [0]), ["fig", ["plum"]]])
def test_what_no_document_is_to_infer(words, dbow):
    with pytest.raises(TypeError, match="expected"):
        dbow.infer_vector(words)


def test_nothing_to_infer_from():
    with pytest.raises(RuntimeError, match="build_vocab"):
        Doc2Vec().infer_vector(["fig"])


@pytest.mark.parametrize("mode", ["dbow", "concatenation", "both losses"])
def test_saved_pickled_and_copied_models_are_the_same_and_train_on(mode, tmp_path):
    docs = documents(tag=lambda number: [f"tag {number}"])
    made = model(docs, epochs=2, **MODES[mode])
    made.note = "mine"
    made.save(tmp_path / "model")
    for other in (Doc2Vec.load(tmp_path / "model"), pickle.loads(pickle.dumps(made)), copy.deepcopy(made)):
        assert str(other) == str(made)
        assert other.note == "mine"
        assert other.dv.index_to_key == made.dv.index_to_key
        assert other.dv.get_vecattr("tag 0", "word_count") == 30
        assert np.array_equal(other.dv.vectors, made.dv.vectors)
        assert np.array_equal(other.infer_vector(["fig"]), made.infer_vector(["fig"]))
        other.train(docs, total_examples=40, epochs=1)
    one, other = made, Doc2Vec.load(tmp_path / "model")
    for each in (one, other):
        each.train(docs, total_examples=40, epochs=1)
    assert np.array_equal(one.dv.vectors, other.dv.vectors)


def test_locks_of_words_are_saved(tmp_path, dbow):
    made = copy.deepcopy(dbow)
    made.wv.vectors_lockf = np.arange(8) % 2
    made.save(tmp_path / "model")
    assert Doc2Vec.load(tmp_path / "model").wv.vectors_lockf.tolist() == [0, 1] * 4
    made.wv.vectors_lockf = np.zeros(3)
    with pytest.warns(UserWarning, match=r"wv\.vectors_lockf"):
        made.save(tmp_path / "model")
    assert Doc2Vec.load(tmp_path / "model").wv.vectors_lockf.tolist() == [1]


def test_a_saved_model_can_be_loaded_whatever_was_assigned(tmp_path, dbow):
    made = copy.deepcopy(dbow)
    made.wv.vectors, made.syn1neg = made.wv.vectors.astype(np.float64), made.syn1neg.astype(np.float64)
    made.save(tmp_path / "model")
    assert np.array_equal(Doc2Vec.load(tmp_path / "model").wv.vectors, dbow.wv.vectors)
    made.wv.vectors = made.wv.vectors[:3]
    with pytest.raises(ValueError, match="there are 8 keys"):
        made.save(tmp_path / "model")
    made.wv, made.dv.vectors = dbow.wv, dbow.dv.vectors[:3]
    with pytest.raises(ValueError, match="there are 40 keys"):
        made.save(tmp_path / "model")
    assert len(Doc2Vec.load(tmp_path / "model").dv) == 40


def test_attributes_of_vectors_are_saved_or_told_of(tmp_path, dbow):
    made = copy.deepcopy(dbow)
    made.wv.note = made.dv.note = "mine"
    made.wv.table, made.wv.opened, made.dv.opened = np.eye(2), {1}, {1}
    made.dv.set_vecattr(0, "pair", (1, 2))
    with pytest.warns(UserWarning, match=r"wv\.opened: .*dv\.opened: .*dv\.pair: of 0") as caught:
        made.save(tmp_path / "model")
    assert len(caught) == 1
    read = Doc2Vec.load(tmp_path / "model")
    assert (read.wv.note, read.dv.note, read.wv.table.tolist()) == ("mine", "mine", [[1, 0], [0, 1]])


def test_mapped_models_map_the_vectors_of_tags(tmp_path, dbow):
    dbow.save(tmp_path / "model")
    for vectors in (Doc2Vec.load(tmp_path / "model", mmap="r").dv, Doc2Vec.load(tmp_path / "model", mmap="r").wv):
        with pytest.raises(ValueError, match="read-only"):
            vectors.vectors[0] = 0
    read = Doc2Vec.load(tmp_path / "model")
    read.dv.vectors[0] = 0
    mapped = Doc2Vec.load(tmp_path / "model", mmap="r")
    assert np.array_equal(mapped.infer_vector(["fig"]), dbow.infer_vector(["fig"]))
    mapped.train(documents(), total_examples=40, epochs=1)
    assert (mapped.dv.vectors != dbow.dv.vectors).any()


def test_files_of_other_classes_are_refused(tmp_path):
    vectors = KeyedVectors(2)
    vectors.add_vectors(["a"], [[1.0, 2.0]])
    vectors.save(tmp_path / "vectors")
    with pytest.raises(FormatError, match="KeyedVectors"):
        Doc2Vec.load(tmp_path / "vectors")


def test_word2vec_format_of_words_and_tags(tmp_path, dbow):
    path = tmp_path / "vectors.txt"
    dbow.save_word2vec_format(path, doctag_vec=True)
    both = KeyedVectors.load_word2vec_format(path)
    assert len(both) == 48
    np.testing.assert_allclose(both["*dt_7"], dbow.dv[7], atol=1e-6)
    np.testing.assert_allclose(both["fig"], dbow.wv["fig"], atol=1e-6)
    dbow.save_word2vec_format(path, doctag_vec=True, word_vec=False, prefix="", binary=True)
    assert KeyedVectors.load_word2vec_format(path, binary=True).index_to_key == [str(tag) for tag in range(40)]
    dbow.save_word2vec_format(path, doctag_vec=True, fvocab=tmp_path / "counts")
    told = [line.split() for line in (tmp_path / "counts").read_text("utf-8").splitlines()]
    assert told[:8] == [[word, str(dbow.wv.get_vecattr(word, "count"))] for word in dbow.wv.index_to_key]
    assert told[8:] == [[f"*dt_{tag}", "1"] for tag in range(40)]
    with pytest.raises(ValueError, match="doctag_vec and word_vec are False"):
        dbow.save_word2vec_format(path, word_vec=False)


def test_another_models_vocabulary(dbow):
    made = Doc2Vec(vector_size=8, min_count=1, workers=1, dm=0)
    made.reset_from(dbow)
    assert made.dv.index_to_key == dbow.dv.index_to_key
    assert made.corpus_count == 40
    made.train(documents(), total_examples=made.corpus_count, epochs=1)
    assert made.dv.vectors.shape == (40, 8)


def test_words_of_a_count_and_tags_of_documents():
    made = Doc2Vec(vector_size=16, min_count=1, dm=0, workers=1)
    made.build_vocab_from_freq({"fig": 10, "iron": 5})
    assert len(made.wv) == 2
    assert len(made.dv) == 0


def test_memory():
    made = Doc2Vec(vector_size=16, min_count=1)
    made.build_vocab(documents())
    told = made.estimate_memory()
    assert told["doctag_syn0"] == 40 * 64
    assert told["total"] == sum(value for name, value in told.items() if name != "total")
    assert made.estimated_lookup_memory() == told["doctag_lookup"]


def test_items_are_words_and_then_tags(dbow):
    assert np.array_equal(dbow["fig"], dbow.wv["fig"])
    assert np.array_equal(dbow[7], dbow.dv[7])
    assert np.array_equal(dbow[["fig", 7]], [dbow.wv["fig"], dbow.dv[7]])
    with pytest.raises(KeyError):
        dbow["nope"]


def test_names_of_gensim_3(dbow):
    with pytest.warns(DeprecationWarning, match="use model.dv"):
        assert dbow.docvecs is dbow.dv
    for name in ("doctag_syn0", "vectors_docs"):
        with pytest.warns(DeprecationWarning, match="use vectors"):
            assert getattr(dbow.dv, name) is dbow.dv.vectors
    with pytest.warns(DeprecationWarning, match="use index_to_key"):
        assert dbow.dv.offset2doctag == list(range(40))
    with pytest.warns(DeprecationWarning, match="use key_to_index"):
        tag = dbow.dv.doctags[3]
    assert (tag.offset, tag.doc_count, tag.word_count) == (3, 1, 30)
    with pytest.warns(DeprecationWarning, match="use epochs="):
        assert np.array_equal(dbow.infer_vector(["fig"], steps=3), dbow.infer_vector(["fig"], epochs=3))
    with (
        pytest.warns(DeprecationWarning, match="use vector_size"),
        pytest.warns(DeprecationWarning, match="use epochs"),
    ):
        made = Doc2Vec(size=9, iter=2)
    assert (made.vector_size, made.epochs) == (9, 2)
    with pytest.warns(DeprecationWarning, match="documents= is"):
        made.build_vocab(documents=documents())


def test_labels_are_tags():
    class Labelled:
        def __init__(self, words, labels):
            self.words, self.labels = words, labels

    with pytest.warns(DeprecationWarning, match=r"document\.tags") as warned:
        made = model([Labelled(["a", "b"], ["x"]), Labelled(["b", "a"], ["y"])], dm=0)
    assert len(warned) == 1
    assert made.dv.index_to_key == ["x", "y"]


def test_options_without_meaning_are_told_of():
    with pytest.warns(UserWarning, match="dv_mapfile"):
        Doc2Vec(dv_mapfile="vectors")


def test_a_predicted_word_needs_no_concatenation(dbow):
    assert len(dbow.predict_output_word(["fig"], topn=3)) == 3
    with pytest.raises(NotImplementedError):
        Doc2Vec(dm_concat=1).predict_output_word(["fig"])


def test_what_callbacks_assign_is_trained():
    class Assign:
        def on_train_begin(self, one): ...
        def on_train_end(self, one): ...
        def on_epoch_end(self, one): ...
        def on_epoch_begin(self, one):
            one.dv.vectors = np.full((40, 16), 5.0, np.float32)

    made = model(epochs=1)
    made.train(documents(), epochs=1, callbacks=[Assign()])
    assert (np.abs(made.dv.vectors - 5.0) < 2.0).all()
    assert (made.dv.vectors != 5.0).any()


def test_attributes_of_keys_and_views_stay(tmp_path):
    made = model(epochs=1)
    made.wv.set_vecattr("apple", "mine", 7)
    made.dv.set_vecattr(3, "mine", 8)
    made.save(tmp_path / "model")
    for other in (Doc2Vec.load(tmp_path / "model"), pickle.loads(pickle.dumps(made))):
        held = other.wv.vectors, other.dv.vectors, other.syn1neg
        before = [array.copy() for array in held]
        other.train(documents(), epochs=1)
        assert not any(map(np.array_equal, held, before))
        assert (other.wv.get_vecattr("apple", "mine"), other.dv.get_vecattr(3, "mine")) == (7, 8)
    made.build_vocab([TaggedDocument(["new"], [40])], update=True)
    assert [made.wv.get_vecattr(key, "mine") for key in ("apple", "new")] == [7, 0]
    assert [made.dv.get_vecattr(key, "mine") for key in (3, 40)] == [8, 0]
    assert made.dv.get_vecattr(40, "doc_count") == 1
