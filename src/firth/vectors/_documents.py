"""The weighted means of the word vectors of documents."""

import numpy as np

from firth.corpus.vocabulary import LINE_END
from firth.native.jit import compiled


@compiled
def add_tokens(ids, rows, weights, center, made, total, state, means, known, tokens):
    """Add the vectors of tokens to their documents until ids or documents' rows are used up. Returns ids done.

    ids: int32 numbers of words, LINE_END after each document. rows: int64, the row of each number's vector: one of
    `center`, or len(center) + one of `made`, or a negative number for a word without a vector. weights: float64, of
    each number. center, made: float32 (any, d). total: float64 (d,), the sum so far. state: int64 (documents done,
    tokens with a vector and tokens in all of the document under way). total and state are read and written.

    means: float32 (room, d), gets for each document total / tokens with a vector, or zeros where there are none.
    known, tokens: int64 (room,), get the number of its tokens with a vector and in all.
    """
    d, n, room = total.shape[0], center.shape[0], means.shape[0]
    document, with_vector, in_all = state[0], state[1], state[2]
    done = np.uint64(0)
    while done < np.uint64(ids.shape[0]):
        number = ids[done]
        if number == LINE_END:
            if document == room:
                break
            count = max(1, with_vector)
            for i in range(d):
                means[document, i] = total[i] / count
                total[i] = 0.0
            known[document], tokens[document] = with_vector, in_all
            document += 1
            with_vector = in_all = 0
        else:
            in_all += 1
            row = rows[np.uint64(number)]
            if row >= 0:
                with_vector += 1
                weight = weights[np.uint64(number)]
                if row < n:
                    for i in range(d):
                        total[i] += weight * center[row, i]
                else:
                    for i in range(d):
                        total[i] += weight * made[row - n, i]
        done += np.uint64(1)
    state[0], state[1], state[2] = document, with_vector, in_all
    return np.int64(done)
