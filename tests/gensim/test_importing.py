"""firth.gensim as `gensim`: one object for each module and class, light imports, errors for what is not there."""

import pickle
import subprocess
import sys

import pytest

import firth.gensim
from firth.errors import FirthError
from firth.gensim._documents import TaggedDocument

ALIAS = 'import sys, firth.gensim\nsys.modules["gensim"] = firth.gensim\n'


def run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


SAME = [
    "import gensim.models.phrases\nassert gensim.models.phrases is firth.gensim.models.phrases",
    "import gensim.models as m\nassert m is firth.gensim.models\nassert m.Phrases is firth.gensim.models.Phrases",
    "from gensim.models.word2vec import LineSentence as L\n"
    "import firth.gensim.models.word2vec as w\nassert L is w.LineSentence",
    "import firth.gensim.models.word2vec as w\nimport gensim.models.word2vec as v\nassert v is w",
    "from gensim.models import phrases\nassert phrases.Phraser is firth.gensim.models.phrases.FrozenPhrases",
    "from gensim.models.doc2vec import TaggedDocument as T\n"
    "from firth.gensim._documents import TaggedDocument as U\nassert T is U",
    "from gensim.test.utils import common_texts\nassert len(common_texts) == 9",
    "import gensim\nassert gensim.utils.simple_preprocess('Ab') == ['ab']",
    "from gensim import models, utils, corpora, similarities, downloader, matutils, test, scripts",
    "import gensim.downloader as api\nassert api is firth.gensim.downloader",
    "import importlib\nassert importlib.import_module('gensim.utils') is firth.gensim.utils",
    "import gensim.models.keyedvectors as k\nassert firth.gensim.KeyedVectors is k.KeyedVectors",
    "import gensim\nassert gensim.__version__.startswith('4.')",
]


def test_the_alias_gives_the_same_objects():
    """Each statement begins with none of the modules loaded that it names."""
    run(
        ALIAS
        + "known = set(sys.modules)\n"
        + f"for code in {SAME!r}:\n"
        + "    exec(code)\n"
        + "    for name in [name for name in sys.modules if name.startswith('gensim')]:\n"
        + "        assert sys.modules[name].__spec__.name == 'firth.' + name, name\n"
        + "    for name in set(sys.modules) - known:\n"
        + "        if name.partition('.')[0] in ('gensim', 'firth'):\n"
        + "            del sys.modules[name]\n"
        + "            parent, _, child = name.rpartition('.')\n"
        + "            vars(sys.modules.get(parent, sys)).pop(child, None)\n"
    )


def test_what_is_pickled_under_the_alias_is_read_without_it():
    code = "import pickle\nfrom gensim.models.doc2vec import TaggedDocument as T\nprint(pickle.dumps(T(['a'], [1])))"
    assert pickle.loads(eval(run(ALIAS + code))) == TaggedDocument(["a"], [1])


def test_the_alias_ends_with_the_entry():
    code = (
        "import gensim.utils\ndel sys.modules['gensim'], sys.modules['gensim.utils']\n"
        "try:\n    import gensim.matutils as m\nexcept ModuleNotFoundError:\n    print('gone')\n"
        "else:\n    print('gone' if m is not firth.gensim.matutils else 'there')"
    )
    assert run(ALIAS + code) == "gone\n"


def test_importing_the_package_loads_no_module_below_it():
    code = "import sys, firth.gensim\nprint(sorted(name for name in sys.modules if name.startswith('firth.gensim.')))"
    assert run(code) == "['firth.gensim._errors', 'firth.gensim._importing']\n"


ABSENT = [
    "from gensim.models import LdaModel",
    "from gensim.corpora import Dictionary",
    "import gensim.models.ldamodel",
    "import gensim.corpora.dictionary",
    "from gensim import LdaModel",
    "from gensim.summarization import summarize",
    "import gensim.summarization",
    "from gensim.similarities.annoy import AnnoyIndexer",
    "from gensim.similarities import WmdSimilarity",
]


def test_what_firth_has_not_is_an_import_error_that_says_so():
    trial = "    try:\n        exec(code)\n    except ImportError as error:\n        print(error)\n"
    told = run(f"{ALIAS}for code in {ABSENT!r}:\n{trial}").splitlines()
    assert len(told) == len(ABSENT)
    for line in told:
        assert "firth has those that learn and query vectors" in line
        assert "install gensim" in line


@pytest.mark.parametrize("path", ["LdaModel", "models.LdaModel", "corpora.Dictionary", "similarities.MatrixSimilarity"])
def test_what_firth_has_not_is_an_attribute_error_that_says_so(path):
    *parents, name = path.split(".")
    module = firth.gensim
    for parent in parents:
        module = getattr(module, parent)
    with pytest.raises(AttributeError, match="firth has those that learn and query vectors") as caught:
        getattr(module, name)
    assert isinstance(caught.value, FirthError)
    assert not hasattr(module, name)
    assert not hasattr(module, "__wrapped__")


def test_a_module_that_is_not_there_has_no_spec():
    code = (
        "from importlib.util import find_spec\n"
        "for name in ('models.word2vec', 'nosuch', 'models.ldamodel'):\n"
        "    print(find_spec('gensim.' + name) is not None, find_spec('firth.gensim.' + name) is not None)\n"
    )
    assert run(ALIAS + code) == "True True\nFalse False\nFalse False\n"


def test_other_imports_do_not_notice():
    with pytest.raises(ModuleNotFoundError, match="No module named 'nonsense_of_mine'"):
        import nonsense_of_mine  # noqa: F401
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'firth\.nonsense'"):
        import firth.nonsense  # noqa: F401


def test_names_are_listed():
    assert {"Word2Vec", "models", "utils", "downloader"} <= set(dir(firth.gensim))
    assert {"Phrases", "KeyedVectors", "word2vec"} <= set(dir(firth.gensim.models))
