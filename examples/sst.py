"""The course assignment's own experiment: 10-dimensional vectors from film reviews, and its picture of 25 words.

pip install matplotlib
python examples/sst.py datasetSentences.txt sst.png                  # negative sampling
python examples/sst.py datasetSentences.txt sst.png --loss softmax   # the exact softmax

The sentences are the Stanford Sentiment Treebank's: datasetSentences.txt (or .txt.xz) of stanfordSentimentTreebank.zip
from https://nlp.stanford.edu/sentiment/.
"""

import argparse
import lzma
from pathlib import Path

import numpy as np

import firth

SETTINGS = {"dim": 10, "window": 5, "min_count": 1, "threads": 1, "seed": 1}
"""The assignment's dimension and window, every word kept; one thread, so that the picture repeats."""

LOSSES = {
    "negative-sampling": {"negatives": 10, "epochs": 30, "lr": 0.025},
    "softmax": {"subsample": 1e-3},
}
"""The assignment's negatives, and enough epochs that the loss has nearly stopped falling; the same pairs for both."""

PICTURES = {
    "The 25 words of its first years": (
        "the a an , . ? ! `` '' -- good great cool brilliant wonderful well amazing worth sweet enjoyable "
        "boring bad waste dumb annoying"
    ),
    "The 24 words of later years": (
        "great cool brilliant wonderful well amazing worth sweet enjoyable boring bad dumb annoying "
        "female male queen king man woman rain snow hail coffee tea"
    ),
}
"""Title -> words: the assignment has had two lists."""

GROUPS = {
    "praise": ("#1b7a3d", "good great cool brilliant wonderful well amazing worth sweet enjoyable"),
    "blame": ("#b3261e", "boring bad waste dumb annoying"),
    "people": ("#1f5fa8", "female male queen king man woman"),
    "weather and drinks": ("#a05a00", "rain snow hail coffee tea"),
    "articles": ("#6a3fa0", "the a an"),
    "punctuation": ("#444444", ", . ? ! `` '' --"),
}
"""Group -> colour and words."""


def sentences(path):
    """The sentences of the treebank, lower-cased lists of tokens; the file has a header and numbers its lines."""
    opened = lzma.open if Path(path).suffix == ".xz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        header = next(lines, "").rstrip("\n")
        if header != "sentence_index\tsentence":
            raise SystemExit(f"{path}, line 1: expected 'sentence_index<TAB>sentence', found {header[:60]!r}")
        return [line.partition("\t")[2].lower().split() for line in lines]


def train(corpus, loss="negative-sampling", **settings):
    """The word vectors of the experiment; `settings` take the place of its own."""
    return firth.train(corpus, loss=loss, **{**SETTINGS, **LOSSES[loss], **settings})


def plane(vectors, words):
    """The first two principal components (m, 2) of the center vectors of m words, neither scaled nor turned before."""
    rows = vectors[words].astype(np.float64)
    rows -= rows.mean(axis=0)
    axes = np.linalg.svd(rows, full_matrices=False)[2][:2]
    return rows @ axes.T


def draw(vectors, target):
    """Draw each list of words on its own two principal components."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, plots = plt.subplots(1, 2, figsize=(13, 6.2), dpi=90, layout="constrained")
    for plot, (title, listed) in zip(plots, PICTURES.items(), strict=True):
        words = listed.split()
        places = dict(zip(words, plane(vectors, words), strict=True))
        for group, (color, members) in GROUPS.items():
            shown = [places[word] for word in members.split() if word in places]
            if shown:
                plot.scatter(*np.transpose(shown), s=16, color=color, label=group)
        plot.set(title=title, xlabel="first principal component", ylabel="second principal component")
        plot.margins(0.16, 0.08)
        plot.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=4, frameon=False)
        figure.draw_without_rendering()
        label(plot, places)
    figure.savefig(target)
    plt.close(figure)


def label(plot, places):
    """Write each word beside its point, on the side where it covers least of what is there."""
    colors = {word: color for color, words in GROUPS.values() for word in words.split()}
    taken = [(x - 4, y - 4, x + 4, y + 4) for x, y in plot.transData.transform(list(places.values()))]
    sides = [("left", 7, 0), ("right", -7, 0), ("center", 0, 11), ("center", 0, -11)]
    sides += [("left", 6, 9), ("left", 6, -9), ("right", -6, 9), ("right", -6, -9)]
    for word, place in places.items():
        texts = []
        for side, right, up in sides:
            offset = {"xytext": (right, up), "textcoords": "offset points", "ha": side, "va": "center"}
            weight = {"fontsize": 10} if word.isalpha() else {"fontsize": 12, "fontweight": "bold"}
            texts.append(plot.annotate(word, place, color=colors[word], **weight, **offset))
        boxes = [text.get_window_extent().extents for text in texts]
        best = int(np.argmin([sum(overlap(box, other) for other in taken) for box in boxes]))
        taken.append(boxes[best])
        for text in texts[:best] + texts[best + 1 :]:
            text.remove()


def overlap(a, b):
    """The area that two boxes (left, bottom, right, top) share."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0) * max(height, 0)


def main():
    """Train, print some neighbours and draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("source", help="datasetSentences.txt or .txt.xz")
    parser.add_argument("target", help="the picture to write, .png")
    parser.add_argument("--loss", choices=list(LOSSES), default="negative-sampling")
    arguments = parser.parse_args()
    vectors = train(sentences(arguments.source), arguments.loss)
    print(f"{len(vectors):,} words; {vectors.history[-1]['loss']:.3f} nats a pair; ", end="")
    print(f"{sum(entry['seconds'] for entry in vectors.history):.1f} seconds of training")
    for word in ("king", "boring", "great", "woman"):
        print(f"{word}:", ", ".join(other for other, _ in vectors.neighbors(word, k=6)))
    draw(vectors, arguments.target)


if __name__ == "__main__":
    main()
