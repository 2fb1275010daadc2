"""The parent of callbacks."""

import warnings

import pytest

from firth.gensim.models.callbacks import CallbackAny2Vec


def test_its_methods_do_nothing():
    callback = CallbackAny2Vec()
    for method in (callback.on_train_begin, callback.on_epoch_begin, callback.on_epoch_end, callback.on_train_end):
        assert method(None) is None


def test_methods_that_are_never_called_are_told():
    with pytest.warns(UserWarning, match="Old: on_batch_begin and on_batch_end are never called"):

        class Old(CallbackAny2Vec):
            def on_batch_begin(self, model): ...

            def on_batch_end(self, model): ...

    with warnings.catch_warnings():
        warnings.simplefilter("error")

        class Child(Old):
            def on_epoch_end(self, model): ...

    assert issubclass(Child, CallbackAny2Vec)
