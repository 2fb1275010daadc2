"""Run one public program that uses gensim, with gensim or with firth in its place; programs.py starts this file.

As a script it takes one job in JSON, runs it in this interpreter, and prints one line of JSON:

    python benchmarks/clients.py '{"program": "node2vec", "with": "firth", "data": null}'

`with` is `gensim` or `firth`; with `firth`, `sys.modules["gensim"]` is `firth.gensim` before anything else is imported.
`data` is the folder that programs.py describes, or null for small inputs that each program makes itself. `model` names
one of the program's models, for those that have several. `runs` is how often the program runs; the first run compiles.

Each program is called as its own documentation shows, with one worker. What it reports: `quality`, what that is
(`measure`), `chance`, the whole seconds of the call, and the seconds inside the classes of gensim (`model_seconds`).
"""

import functools
import inspect
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Job = dict[str, Any]

SEED = 1


class Clock:
    """The seconds inside the classes of gensim, nested calls counted once."""

    def __init__(self) -> None:
        self.seconds, self.depth = 0.0, 0

    @contextmanager
    def running(self) -> Iterator[None]:
        start = time.perf_counter()
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1
            if not self.depth:
                self.seconds += time.perf_counter() - start

    def watch(self, *classes: Any) -> None:
        """Count the time that making and training models of these classes takes."""
        for cls in classes:
            for name in ("__init__", "build_vocab", "train"):
                self.wrap(cls, name)

    def wrap(self, cls: Any, name: str) -> None:
        own = getattr(cls, name)

        @functools.wraps(own)
        def method(*values: Any, **named: Any) -> Any:
            with self.running():
                return own(*values, **named)

        setattr(cls, name, method)


# The inputs.


def graph(data: str | None) -> tuple[Any, Any]:
    """A graph of integer nodes and a label for each: Cora, or one with four planted communities."""
    import networkx as nx
    import numpy as np

    if data is None:
        planted = nx.planted_partition_graph(4, 30, 0.3, 0.01, seed=SEED)
        return planted, np.arange(120) // 30
    cora = nx.read_edgelist(Path(data, "items", "cora.planetoid.edges"), nodetype=int)
    lines = Path(data, "items", "cora.planetoid.labels").read_text().split("\n")
    labels = dict(map(int, line.split()) for line in lines if line)
    found = nx.Graph()
    found.add_nodes_from(sorted(labels))
    found.add_edges_from((a, b) for a, b in cora.edges if a != b)
    return found, np.array([labels[node] for node in sorted(labels)])


def graphs(data: str | None) -> tuple[list[Any], list[int]]:
    """Random graphs of three families with equally many edges, and the family of each."""
    import networkx as nx

    makers: list[Callable[[int], Any]] = [
        lambda seed: nx.gnm_random_graph(40, 111, seed=seed),
        lambda seed: nx.barabasi_albert_graph(40, 3, seed=seed),
        lambda seed: nx.connected_watts_strogatz_graph(40, 6, 0.1, seed=seed),
    ]
    each = 40 if data is None else 200
    made = [(make(seed), family) for family, make in enumerate(makers) for seed in range(each)]
    return [one for one, _ in made], [family for _, family in made]


def molecules(data: str | None) -> list[str]:
    """SMILES of the first molecules of the NCI's, which rdkit brings with it."""
    from rdkit import Chem, RDConfig, RDLogger

    RDLogger.DisableLog("rdApp.*")
    lines = Path(RDConfig.RDDataDir, "NCI", "first_5K.smi").read_text().splitlines()
    found = []
    for line in lines[: 400 if data is None else len(lines)]:
        molecule = Chem.MolFromSmiles(line.split("\t")[0])
        if molecule is not None and 5 <= molecule.GetNumHeavyAtoms() <= 50:
            found.append(Chem.MolToSmiles(molecule))
    return found


def facts(data: str | None) -> tuple[list[tuple[str, str, str]], dict[str, str]]:
    """(country, field, value) of the Factbook, and the continent of each country; or made-up facts of three kinds."""
    if data is None:
        import random

        draw = random.Random(SEED)
        kinds = {f"thing{i}": f"kind{i % 3}" for i in range(60)}
        made = [(t, f"has{j}", f"part{draw.randrange(12)}of{k}") for t, k in kinds.items() for j in range(6)]
        return made, kinds
    import lzma

    fields = {"Languages", "Religions", "Ethnic groups", "Climate", "Natural resources", "Agricultural products"}
    fields |= {"Industries", "Natural hazards", "Government type", "Legal system", "Terrain", "Exports - partners"}
    fields |= {"Imports - partners", "Exports - commodities", "Land boundaries"}
    triples, continents = [], {}
    with lzma.open(Path(data, "public.raw.txt.xz"), "rt", encoding="utf-8") as lines:
        for line in lines:
            country, _, rest = line.strip().partition(": ")
            field, _, text = rest.partition(": ")
            if field == "Map references" and len(text) < 40:
                continents[country] = text
            elif field in fields and "major-language sample" not in text:
                for value in re.split(r"[,;:]", text):
                    words = re.findall(r"[^\W\d]+", re.sub(r"\(.*?\)", "", value))
                    if words:
                        triples.append((country, field, "_".join(words[:4])))
    common = {
        "Africa",
        "Europe",
        "Central America and the Caribbean",
        "Oceania",
        "Asia",
        "Southeast Asia",
        "Middle East",
    }
    continents = {country: name for country, name in continents.items() if name in common}
    return [triple for triple in triples if triple[0] in continents], continents


# The measures.


def classified(vectors: Any, labels: Any, share: float, splits: int = 5) -> float:
    """The share of right answers of a logistic regression that learns from a share of the rows."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedShuffleSplit
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    vectors, labels = np.asarray(vectors, np.float64), np.asarray(labels)
    right = []
    for learn, ask in StratifiedShuffleSplit(splits, train_size=share, random_state=SEED).split(vectors, labels):
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
        right.append(model.fit(vectors[learn], labels[learn]).score(vectors[ask], labels[ask]))
    return float(np.mean(right))


def most_common(labels: Any) -> float:
    import numpy as np

    return float(np.unique(np.asarray(labels), return_counts=True)[1].max() / len(labels))


def nodes_report(vectors: Any, labels: Any) -> Job:
    return {
        "quality": classified(vectors, labels, 0.5),
        "quality at 10 %": classified(vectors, labels, 0.1),
        "measure": "nodes classified, 50 % to learn from",
        "chance": most_common(labels),
    }


# The programs. Each gives what to time, then what to report of the result.

Program = Callable[[Job, Clock], tuple[Callable[[], Any], Callable[[Any], Job]]]


def node2vec(job: Job, clock: Clock) -> tuple[Callable[[], Any], Callable[[Any], Job]]:
    """The README's call."""
    from gensim.models import Word2Vec
    from node2vec import Node2Vec

    network, labels = graph(job["data"])
    if job.get("model") == "karate":
        import networkx as nx

        network = nx.karate_club_graph()
        labels = [network.nodes[node]["club"] == "Officer" for node in network]
    clock.watch(Word2Vec)
    size: Job = {} if job["data"] else {"walk_length": 20, "num_walks": 10, "dimensions": 32}

    def call() -> Any:
        return Node2Vec(network, workers=1, quiet=True, seed=SEED, **size).fit(
            window=10, min_count=1, batch_words=4, workers=1
        )

    def report(model: Any) -> Job:
        assert str(model.wv.most_similar("2", topn=3)[0][0]) in model.wv.key_to_index
        return nodes_report([model.wv[str(node)] for node in network], labels)

    return call, report


def karateclub(job: Job, clock: Clock) -> tuple[Callable[[], Any], Callable[[Any], Job]]:
    """One of its eleven models that train with gensim, its settings the defaults but for the number of workers."""
    import importlib
    import random

    import numpy as np
    from scipy.sparse import coo_matrix, eye

    model_class = getattr(importlib.import_module("karateclub"), job["model"])
    module = sys.modules[model_class.__module__]
    clock.watch(*(getattr(module, name) for name in ("Word2Vec", "Doc2Vec") if hasattr(module, name)))
    size: Job = {"workers": 1}
    if job["data"] is None:
        small = {"dimensions": 16, "walk_number": 5, "walk_length": 40, "epochs": 300 if job["model"] == "ASNE" else 10}
        size |= {name: value for name, value in small.items() if name in inspect.signature(model_class).parameters}
    if job["model"] in ("Graph2Vec", "GL2Vec"):
        given, families = graphs(job["data"])
        arguments: tuple[Any, ...] = (given,)
    else:
        import networkx as nx

        network, labels = graph(job["data"])
        if not nx.is_connected(network) and job["model"] in CONNECTED:
            network = network.subgraph(max(nx.connected_components(network), key=len))
            labels = labels[sorted(network)]
            network = nx.convert_node_labels_to_integers(network, ordering="sorted")
        arguments = (network,)
        if job["model"] == "Role2Vec":  # roles are alike in degree, not near each other
            degrees = np.array([network.degree[node] for node in sorted(network)])
            labels = degrees > np.median(degrees)
        if job["model"] in ("AE", "ASNE", "MUSAE", "SINE"):  # the neighbors serve as the features of a node
            order = sorted(network)
            arguments = (network, coo_matrix(nx.to_scipy_sparse_array(network, order) + eye(len(order))))

    def call() -> Any:
        random.seed(SEED)
        np.random.seed(SEED)
        model = model_class(**size)
        model.fit(*arguments)
        return model.get_embedding()

    def report(vectors: Any) -> Job:
        assert np.isfinite(vectors).all()
        if job["model"] not in ("Graph2Vec", "GL2Vec"):
            return nodes_report(vectors, labels)
        return {
            "quality": classified(vectors, families, 0.5),
            "measure": "graphs classified, 50 % to learn from",
            "chance": most_common(families),
        }

    return call, report


CONNECTED = ("Diff2Vec",)
KARATECLUB = (
    "DeepWalk",
    "Diff2Vec",
    "Node2Vec",
    "Walklets",
    "AE",
    "ASNE",
    "MUSAE",
    "SINE",
    "Role2Vec",
    "GL2Vec",
    "Graph2Vec",
)


def nlpaug(job: Job, clock: Clock) -> tuple[Callable[[], Any], Callable[[Any], Job]]:
    """Words put in and replaced by neighbors in a file of vectors; the same vectors for both libraries."""
    import random

    import nlpaug.augmenter.word as naw
    import numpy as np
    from gensim.models import KeyedVectors

    count, dim = (1000, 20) if job["data"] is None else (50_000, 100)
    draw = np.random.default_rng(SEED)
    words = ["the", "of", *(f"word{''.join(chr(97 + int(c)) for c in str(i))}" for i in range(count - 2))]
    vectors = draw.normal(size=(count // 10 + 1, dim))[np.arange(count) // 10] + 0.3 * draw.normal(size=(count, dim))
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "vectors.bin")
    with open(path, "wb") as file:
        file.write(f"{count} {dim}\n".encode())
        for word, vector in zip(words, vectors.astype("<f4"), strict=True):
            file.write(word.encode() + b" " + vector.tobytes())
    clock.wrap(KeyedVectors, "most_similar")
    texts = [" ".join(words[i] for i in draw.integers(0, count, 12)) for _ in range(5 if job["data"] is None else 50)]

    def call() -> Any:
        random.seed(SEED)
        np.random.seed(SEED)
        settings = {"model_type": "word2vec", "model_path": path, "top_k": 10}
        substitute = naw.WordEmbsAug(action="substitute", force_reload=True, **settings)
        insert = naw.WordEmbsAug(action="insert", **settings)
        return [substitute.augment(text)[0] for text in texts], [insert.augment(text)[0] for text in texts]

    def report(result: Any) -> Job:
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        ids = {word: i for i, word in enumerate(words)}
        near, changed = 0, 0
        for before, after in zip(texts, result[0], strict=True):
            for old, new in zip(before.split(), after.lower().split(), strict=True):
                if old != new:
                    changed += 1
                    order = np.argsort(-(unit @ unit[ids[old]]))
                    near += new in {words[i] for i in order[1:11]}
        assert all(len(after.split()) > len(before.split()) for before, after in zip(texts, result[1], strict=True))
        return {
            "quality": near / changed,
            "measure": "new words that are among the ten nearest",
            "chance": 10 / count,
            "answer": json.dumps(result),
        }

    return call, report


def pyrdf2vec(job: Job, clock: Clock) -> tuple[Callable[[], Any], Callable[[Any], Job]]:
    """The README's example: walks on a knowledge graph, vectors of its entities."""
    from gensim.models.word2vec import Word2Vec as Model
    from pyrdf2vec import RDF2VecTransformer
    from pyrdf2vec.embedders import Word2Vec
    from pyrdf2vec.graphs import KG, Vertex
    from pyrdf2vec.walkers import RandomWalker

    triples, kinds = facts(job["data"])
    address = "http://example.org/"
    kg = KG()
    for subject, predicate, value in triples:
        start, end = Vertex(address + subject.replace(" ", "_")), Vertex(f"{address}{value}")
        edge = Vertex(address + predicate.replace(" ", "_"), predicate=True, vprev=start, vnext=end)
        kg.add_walk(start, edge, end)
    known = {subject for subject, _, _ in triples}
    entities = {address + name.replace(" ", "_"): kind for name, kind in kinds.items() if name in known}
    clock.watch(Model)

    def call() -> Any:
        walker = RandomWalker(2, 10, with_reverse=True, md5_bytes=None, random_state=SEED)
        embedder = Word2Vec(epochs=10 if job["data"] else 200, workers=1, seed=SEED)
        return RDF2VecTransformer(embedder, walkers=[walker]).fit_transform(kg, list(entities))[0]

    def report(vectors: Any) -> Job:
        return {
            "quality": classified(vectors, list(entities.values()), 0.5),
            "measure": "entities classified, 50 % to learn from",
            "chance": most_common(list(entities.values())),
        }

    return call, report


def mol2vec(job: Job, clock: Clock) -> tuple[Callable[[], Any], Callable[[Any], Job]]:
    """Corpus, unknown words, training, vectors of molecules: the four steps of its documentation, in its names."""
    from gensim.models.word2vec import Word2Vec
    from mol2vec.features import (
        MolSentence,
        generate_corpus,
        insert_unk,
        mol2alt_sentence,
        sentences2vec,
        train_word2vec_model,
    )
    from rdkit import Chem
    from rdkit.Chem import Crippen

    smiles = molecules(job["data"])
    folder = Path(tempfile.mkdtemp())
    (folder / "molecules.smi").write_text("".join(f"{one}\t{i}\n" for i, one in enumerate(smiles)))
    clock.watch(Word2Vec)

    def call() -> Any:
        generate_corpus(str(folder / "molecules.smi"), str(folder / "corpus"), r=1, sentence_type="alt")
        insert_unk(str(folder / "corpus"), str(folder / "corpus_unk"), threshold=3, uncommon="UNK")
        size = 300 if job["data"] else 50
        model = train_word2vec_model(
            str(folder / "corpus_unk"), str(folder / "model"), vector_size=size, window=10, min_count=3, seed=SEED
        )
        parsed = [Chem.MolFromSmiles(one) for one in smiles]
        return sentences2vec([MolSentence(mol2alt_sentence(one, 1)) for one in parsed], model, unseen="UNK")

    def report(vectors: Any) -> Job:
        from sklearn.linear_model import RidgeCV
        from sklearn.model_selection import cross_val_score
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        # logP for each heavy atom, from vectors for each atom: not the size of the molecule
        sizes = [Chem.MolFromSmiles(one).GetNumHeavyAtoms() for one in smiles]
        values = [Crippen.MolLogP(Chem.MolFromSmiles(one)) / size for one, size in zip(smiles, sizes, strict=True)]
        model = make_pipeline(StandardScaler(), RidgeCV([1.0, 10.0, 100.0]))
        means = [vector / size for vector, size in zip(vectors, sizes, strict=True)]
        right = cross_val_score(model, means, values, cv=5, scoring="r2").mean()
        return {"quality": float(right), "measure": "R² of logP a heavy atom, ridge regression", "chance": 0.0}

    return call, report


def spec2vec(job: Job, clock: Clock) -> tuple[Callable[[], Any], Callable[[Any], Job]]:
    """Words are the peaks of mass spectra, here the masses of the pieces of molecules cut at one or two bonds."""
    import itertools

    import numpy as np
    from gensim.models import Word2Vec
    from matchms import Spectrum
    from rdkit import Chem, DataStructs
    from rdkit.Chem import Descriptors, rdFingerprintGenerator
    from spec2vec import SpectrumDocument, calc_vector
    from spec2vec.model_building import train_new_word2vec_model

    spectra, kept = [], []
    for one in molecules(job["data"])[: 150 if job["data"] is None else 1000]:
        molecule = Chem.MolFromSmiles(one)
        bonds = [bond.GetIdx() for bond in molecule.GetBonds() if not bond.IsInRing()][:12]
        masses = set()
        for cut in [*((bond,) for bond in bonds), *itertools.combinations(bonds, 2)]:
            pieces = Chem.GetMolFrags(Chem.FragmentOnBonds(molecule, cut), asMols=True)
            masses |= {round(Descriptors.ExactMolWt(piece), 2) for piece in pieces}
        if len(masses) >= 5:
            peaks = np.array(sorted(masses))
            metadata = {"precursor_mz": Descriptors.ExactMolWt(molecule), "id": str(len(kept))}
            spectra.append(Spectrum(mz=peaks, intensities=np.ones(len(peaks)), metadata=metadata))
            kept.append(molecule)
    documents = [SpectrumDocument(spectrum, n_decimals=2) for spectrum in spectra]
    path = os.path.join(tempfile.mkdtemp(), "spectra.model")
    clock.watch(Word2Vec)

    def call() -> Any:
        size = 20 if job["data"] is None else 300
        train_new_word2vec_model(documents, iterations=[5, 10], filename=path, vector_size=size, workers=1, seed=SEED)
        model = Word2Vec.load(
            path
        )  # Spec2Vec.matrix compiles for twenty seconds: the vectors and their cosines instead
        vectors = np.stack([calc_vector(model, one, 0.5, 5.0) for one in documents])
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors @ vectors.T

    def report(similarities: Any) -> Job:
        maker = rdFingerprintGenerator.GetMorganGenerator(radius=2)
        prints = [maker.GetFingerprint(molecule) for molecule in kept]
        alike = [DataStructs.BulkTanimotoSimilarity(one, prints) for one in prints]
        others = np.array(similarities) - 2 * np.eye(len(kept))
        nearest = np.mean([row[i] for row, i in zip(alike, others.argmax(axis=1), strict=True)])
        return {
            "quality": float(nearest),
            "measure": "Tanimoto similarity of the molecule with the nearest spectrum",
            "chance": float(np.mean([row[i - 1] for i, row in enumerate(alike)])),
        }

    return call, report


def geniml(job: Job, clock: Clock) -> tuple[Callable[[], Any], Callable[[Any], Job]]:
    """Region2Vec's training on the open regions of cells; losses in a callback, a model saved and loaded."""
    import numpy as np
    import pyarrow
    import pyarrow.parquet
    from geniml.region2vec.utils import Region2VecDataset, train_region2vec_model
    from gensim.models import Word2Vec

    draw = np.random.default_rng(SEED)
    kinds = 8
    regions, number = (15, 300) if job["data"] is None else (150, 1500)  # of a kind; cells
    rows = [
        [str(r) for r in draw.choice(regions, regions // 2, replace=False) + (cell % kinds) * regions]
        + [str(r) for r in draw.integers(0, kinds * regions, regions // 5)]
        for cell in range(number)
    ]
    folder = tempfile.mkdtemp()
    path, saved, epochs = (
        os.path.join(folder, "cells.parquet"),
        os.path.join(folder, "saved"),
        10 if job["data"] else 30,
    )
    pyarrow.parquet.write_table(pyarrow.table({"tokens": rows}), path)
    clock.watch(Word2Vec)

    def call() -> Any:
        data = Region2VecDataset(path, shuffle=False, convert_to_str=True)
        model = train_region2vec_model(
            data, embedding_dim=100, epochs=epochs, min_count=2, seed=SEED, save_checkpoint_path=saved
        )
        return model, Word2Vec.load(os.path.join(saved, f"epoch_{epochs}.model"))

    def report(models: Any) -> Job:
        trained, loaded = models
        assert np.array_equal(trained.wv.vectors, loaded.wv.vectors)
        words = trained.wv.index_to_key
        return {
            "quality": classified(trained.wv.vectors, [int(word) // regions for word in words], 0.5),
            "measure": "regions classified, 50 % to learn from",
            "chance": 1 / kinds,
        }

    return call, report


PROGRAMS: dict[str, Program] = {
    "node2vec": node2vec,
    "karateclub": karateclub,
    "nlpaug": nlpaug,
    "pyrdf2vec": pyrdf2vec,
    "mol2vec": mol2vec,
    "spec2vec": spec2vec,
    "geniml": geniml,
}
MODELS: dict[str, tuple[str | None, ...]] = {"node2vec": ("karate", "cora"), "karateclub": KARATECLUB}
"""The models of the programs that have several."""


def take_the_place_of_gensim() -> None:
    """The one line that a program's user adds."""
    import firth.gensim

    sys.modules["gensim"] = firth.gensim


def run(job: Job) -> Job:
    """What a program reports, of its last run, and the seconds of each run after the first."""
    if job["with"] == "firth":
        take_the_place_of_gensim()
    clock = Clock()
    call, report = PROGRAMS[job["program"]](job, clock)
    seconds, model_seconds = [], []
    for _ in range(job.get("runs", 1)):
        clock.seconds = 0.0
        start = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - start)
        model_seconds.append(clock.seconds)
    return job | report(result) | {"seconds": seconds, "model_seconds": model_seconds}


if __name__ == "__main__":
    del sys.path[0]  # this folder: its files are not modules of the programs
    print(json.dumps(run(json.loads(sys.argv[1]))))
