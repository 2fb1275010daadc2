"""scikit-learn's own checks of estimators.

They know no texts as input: of a class that takes texts, `check_estimator` checks one thing only. So those that need no
input run on the classes as they are, and all of them on subclasses that make tokens of the numbers in the checks.
"""

import pytest

pytest.importorskip("sklearn")

from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks
from sklearn.utils.validation import check_is_fitted, validate_data

from firth.sklearn import Doc2VecVectorizer, Word2VecVectorizer

WITHOUT_INPUT = [
    *("check_do_not_raise_errors_in_init_or_set_params", "check_estimator_cloneable", "check_estimator_repr"),
    *("check_estimator_tags_renamed", "check_get_params_invariance", "check_mixin_order"),
    *("check_no_attributes_set_in_init", "check_parameters_default_constructible", "check_set_params"),
    "check_valid_tag_types",
]


class OfNumbers:
    """Takes the rows of a matrix: each is a document with a token for each number, five times."""

    def fit(self, X, y=None):
        return super().fit(self.documents(X, True))

    def transform(self, X):
        check_is_fitted(self)
        return super().transform(self.documents(X, False))

    def fit_transform(self, X, y=None):
        return super().fit_transform(self.documents(X, True))

    def documents(self, X, reset):
        rows = validate_data(self, X, reset=reset).tolist()
        return [[f"{column}:{round(number)}" for column, number in enumerate(row)] * 5 for row in rows]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = False, True
        return tags


class Word2VecOfNumbers(OfNumbers, Word2VecVectorizer):
    pass


class Doc2VecOfNumbers(OfNumbers, Doc2VecVectorizer):
    pass


SMALL = {"dim": 4, "min_count": 1, "subsample": 0, "epochs": 2}


@pytest.mark.parametrize("kind", [Word2VecVectorizer, Doc2VecVectorizer])
@pytest.mark.parametrize("check", WITHOUT_INPUT)
def test_checks_without_input(kind, check):
    getattr(estimator_checks, check)(kind.__name__, kind())


@pytest.mark.parametrize("kind", [Word2VecVectorizer, Doc2VecVectorizer])
def test_what_scikit_learn_checks_of_a_class_that_takes_texts(kind):
    with pytest.warns(match="Can't test estimator|no arguments") as warned:
        check_estimator(kind())
    assert len(warned) == 1


@pytest.mark.filterwarnings("ignore::firth.run.advice.LearnsLittle")  # the checks have a few rows each
@parametrize_with_checks(
    [Word2VecOfNumbers(**SMALL), Word2VecOfNumbers(**SMALL, method="mean"), Doc2VecOfNumbers(**SMALL)]
)
def test_all_checks(estimator, check):
    check(estimator)


def test_the_checks_notice():
    class Wrong(Word2VecOfNumbers):
        def transform(self, X):
            return super().transform(X) + len(X)

    with pytest.raises(AssertionError):
        estimator_checks.check_methods_subset_invariance("Wrong", Wrong(**SMALL))
