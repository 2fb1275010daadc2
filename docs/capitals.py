"""Draw docs/capitals.png: countries and their capitals on the first two principal components of their vectors.

firth demo && pip install matplotlib && python docs/capitals.py vectors.safetensors docs/capitals.png
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import firth

PAIRS = {
    "greece": "athens",
    "italy": "rome",
    "china": "beijing",
    "japan": "tokyo",
    "poland": "warsaw",
    "egypt": "cairo",
    "germany": "berlin",
}


def main(source: str, target: str) -> None:
    vectors = firth.load(source)
    words = [*PAIRS, *PAIRS.values()]
    rows = vectors[words].astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    rows -= rows.mean(axis=0)
    axes = np.linalg.svd(rows, full_matrices=False)[2][:2]
    places = dict(zip(words, rows @ axes.T, strict=True))

    figure, plot = plt.subplots(figsize=(8, 5), dpi=110)
    for country, capital in PAIRS.items():
        plot.plot(*zip(places[country], places[capital], strict=True), color="#c9c9c9", linewidth=1, zorder=1)
    for group, color, side, shift in ((PAIRS, "#1f5fa8", "right", -6), (PAIRS.values(), "#c0392b", "left", 6)):
        for word in group:
            plot.scatter(*places[word], color=color, s=18, zorder=2)
            label = {"xytext": (shift, -3), "textcoords": "offset points", "ha": side, "fontsize": 10}
            plot.annotate(word, places[word], color=color, **label)
    plot.margins(0.1)
    plot.set_axis_off()
    figure.savefig(target, bbox_inches="tight")


if __name__ == "__main__":
    main(*sys.argv[1:])
