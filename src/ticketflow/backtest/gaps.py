"""What the knowledge base lacks, as the test part shows it: answers that are missed, and tickets that none fits."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ticketflow.backtest.reading import Ticket
from ticketflow.learning.judging import Judged
from ticketflow.retrieval.analyzer import STOP_WORDS

MOST_GROUPED = 1_500
"""Unanswerable tickets that are grouped; grouping takes the square of their number."""
APART = 0.55
"""Cosine distance, on average, from which tickets are no longer one group."""
LEAST_NEEDED = 5
LEAST_GROUP = 3
WORDS_TOLD = 5
RARELY = 0.9
_WORD = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True)
class Missed:
    """An answer that people gave `needed` times while it was proposed first only `right` times.

    `instead` is what was most often proposed for it, "" for nothing.
    """

    label: str
    needed: int
    right: int
    instead: str


@dataclass(frozen=True)
class Group:
    """Tickets alike that no known answer fits: how many, their most typical words, and one of them."""

    size: int
    words: tuple[str, ...]
    example: str


def missed(judged: Judged, labels: list[str], most: int = 10) -> list[Missed]:
    """The answers that most wrong first proposals were made for, most wrong first."""
    found: list[Missed] = []
    for answer in np.unique(judged.truth[judged.truth >= 0]):
        rows = judged.truth == answer
        needed, right = int(rows.sum()), int(judged.right[rows].sum())
        if needed < LEAST_NEEDED or right > RARELY * needed:
            continue
        others = Counter(judged.proposed[rows & ~judged.right].tolist())
        rival = others.most_common(1)[0][0]
        found.append(Missed(labels[answer], needed, right, labels[rival] if rival >= 0 else ""))
    return sorted(found, key=lambda gap: (gap.right - gap.needed, gap.label))[:most]


def groups(
    tickets: Sequence[Ticket], vectors: NDArray[np.float32], unanswerable: NDArray[np.bool_], most: int = 8
) -> list[Group]:
    """Unanswerable tickets of the test part (`vectors` (n, d)) by what they are about, the largest group first."""
    from sklearn.cluster import AgglomerativeClustering

    rows = np.flatnonzero(unanswerable)[:MOST_GROUPED]
    if len(rows) < LEAST_GROUP:
        return []
    by_distance: dict[str, Any] = {"n_clusters": None, "distance_threshold": APART}  # the stub knows no None here
    grouping = AgglomerativeClustering(metric="cosine", linkage="average", **by_distance)
    group_of = grouping.fit_predict(vectors[rows])
    words = [set(_WORD.findall(ticket.text.casefold())) - STOP_WORDS for ticket in tickets]
    everywhere = Counter(word for found in words for word in found)
    made: list[Group] = []
    for number, size in Counter(group_of.tolist()).most_common(most):
        if size < LEAST_GROUP:
            break
        members = rows[group_of == number]
        centre = vectors[members].mean(0)
        example = int(members[int((vectors[members] @ centre).argmax())])
        made.append(
            Group(size, _typical([words[row] for row in members], everywhere, len(words)), tickets[example].text)
        )
    return made


def _typical(group: Sequence[set[str]], everywhere: Counter[str], total: int) -> tuple[str, ...]:
    """Words that many of the group and few others use."""
    inside = Counter(word for found in group for word in found)
    weight = {word: count * np.log(total / everywhere[word]) for word, count in inside.items() if count > 1}
    return tuple(sorted(weight, key=lambda word: (-weight[word], word))[:WORDS_TOLD])
