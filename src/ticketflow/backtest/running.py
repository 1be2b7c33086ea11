"""A backtest from its file to its result: read, split, learn, certify, test."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ticketflow.backtest.baselines import baselines
from ticketflow.backtest.gaps import groups, missed
from ticketflow.backtest.reading import Ticket, read
from ticketflow.backtest.result import Backtest, Request, Span
from ticketflow.backtest.splitting import Parts, Rows, split
from ticketflow.embeddings.encoder import Encoder, Vectors
from ticketflow.knowledge.mapping import Mapping
from ticketflow.learning.certificate import ONLY_LOOK, Labels, Verdict, certify, make_grid
from ticketflow.learning.folds import row_weights
from ticketflow.learning.judging import Judged
from ticketflow.learning.novelty_share import share_in_history
from ticketflow.learning.training import Trained, TrainingSet, TrainingSettings, fit_and_judge
from ticketflow.retrieval.analyzer import terms
from ticketflow.retrieval.chunking import embedded_text
from ticketflow.retrieval.chunking import split as passages
from ticketflow.store.answers import title_of
from ticketflow.store.settings import Settings

Progress = Callable[[float, str], None]
"""Called with a share of 0 to 1 and what is being done."""

READ, ENCODED, LEARNED = 0.1, 0.5, 0.97
"""The share of the work that is done after each stage, as measured on short tickets."""
ENCODED_AT_ONCE = 256
NEWEST = 0.2
"""The newest share of the learn part, in which answers that the rest never saw are counted."""
FIXED_GRID = np.linspace(0.99, 0.5, 50)
"""Thresholds to try where the history is too short for scores out of fold to place them."""


def run(path: Path, mapping: Mapping, request: Request, encoder: Encoder, progress: Progress) -> Backtest:
    """Backtest a file of resolved tickets. Raises InvalidFile or InvalidInput when it cannot be used."""
    began = time.perf_counter()
    reading = read(path, mapping, request.no_answer, lambda count: progress(0.0, f"Reading, {count:,} records"))
    parts = split(reading.tickets, request.shares, request.seed)
    chosen = np.concatenate([parts.learn, parts.certify, parts.test])
    tickets = [reading.tickets[row] for row in chosen]
    labels, data = _training_set(encoder, tickets, len(parts.learn), progress)
    share = _novel_share(np.asarray(data.answers[: len(parts.learn)], np.int64))
    trained, judged = _learned(data, len(parts.learn), share, request.seed, progress)
    middle = len(parts.certify)
    certified, tested = judged.rows(slice(None, middle)), judged.rows(slice(middle, None))
    test_tickets, test_vectors = tickets[-len(parts.test) :], data.vectors[-len(parts.test) :]
    progress(LEARNED, "Looking for what is missing")
    return Backtest(
        request=request,
        reading=reading,
        parts=parts,
        spans=_spans(reading.tickets, parts),
        labels=labels,
        tickets=test_tickets,
        certified=certified,
        judged=tested,
        verdict=_verdict(trained, certified, share, request),
        baselines=baselines(certified, tested, request.max_wrong),
        gaps=missed(tested, labels),
        groups=groups(test_tickets, test_vectors, tested.truth < 0),
        novel_share=share,
        score_version=trained.version,
        encoder=encoder.id,
        seconds=time.perf_counter() - began,
    )


def _training_set(
    encoder: Encoder, tickets: Sequence[Ticket], learned: int, progress: Progress
) -> tuple[list[str], TrainingSet]:
    """The names of the answers, and all tickets as arrays; answers come from the first `learned` tickets alone."""
    labels, answers = _numbered(tickets, learned)
    texts = [ticket.text for ticket in tickets]
    one_of_each: dict[str, str] = {}  # terms repeat from ticket to ticket: one object each
    vectors = _encoded(encoder, texts, progress)
    return labels, TrainingSet(
        texts=texts,
        tokens=[[one_of_each.setdefault(term, term) for term in terms(text)] for text in texts],
        vectors=vectors,
        answers=answers,
        languages=[ticket.language for ticket in tickets],
        success_rates=np.full(len(labels), np.nan, np.float32),
        answer_vectors=encoder.encode(_answer_texts(labels, tickets[:learned])),
    )


def _learned(data: TrainingSet, learned: int, share: float, seed: int, progress: Progress) -> tuple[Trained, Judged]:
    """Learn from the first `learned` tickets and judge the others."""

    def tell(part: float, doing: str) -> None:
        progress(ENCODED + (LEARNED - ENCODED) * part, f"Learning, {doing}")

    # One worker, so that the same file gives the same score version.
    settings = TrainingSettings(novel_share=share, seed=seed, workers=1)
    return fit_and_judge(data, np.arange(learned, len(data.texts)), settings, tell)


def _numbered(tickets: Sequence[Ticket], learned: int) -> tuple[list[str], NDArray[np.int64]]:
    """The answers of the first `learned` tickets in order of their names, and (n,) each ticket's: -1 for none."""
    labels = sorted({ticket.label for ticket in tickets[:learned] if ticket.label is not None})
    number: dict[str | None, int] = {label: place for place, label in enumerate(labels)}
    return labels, np.array([number.get(ticket.label, -1) for ticket in tickets], np.int64)


def _encoded(encoder: Encoder, texts: Sequence[str], progress: Progress) -> Vectors:
    """(n, d) float32; a text that repeats is encoded once."""
    row_of = {text: row for row, text in enumerate(dict.fromkeys(texts))}
    different = list(row_of)
    made = np.empty((len(different), encoder.dimension), np.float32)
    for start in range(0, len(different), ENCODED_AT_ONCE):
        progress(READ + (ENCODED - READ) * start / len(different), f"Encoding, {start:,} of {len(different):,} texts")
        made[start : start + ENCODED_AT_ONCE] = encoder.encode(different[start : start + ENCODED_AT_ONCE])
    return made if len(different) == len(texts) else made[[row_of[text] for text in texts]]


def _answer_texts(labels: Sequence[str], learned: Sequence[Ticket]) -> list[str]:
    """What an import would index of each answer: its most frequent reply among the learned tickets, else its title."""
    replies: dict[str, Counter[str]] = {label: Counter() for label in labels}
    for ticket in learned:
        if ticket.label is not None and ticket.resolution:
            replies[ticket.label][ticket.resolution] += 1
    bodies = {label: counts.most_common(1)[0][0] for label, counts in replies.items() if counts}
    texts: list[str] = []
    for label in labels:
        title = title_of(label) or label
        body = bodies.get(label)
        texts.append(embedded_text(title if body else "", passages(body or title)[0]))
    return texts


def _novel_share(answers: NDArray[np.int64]) -> float:
    """The share of tickets to expect that no known answer fits, as the newest of the learn part (in order) had it."""
    newest = max(1, round(NEWEST * len(answers)))
    novel = (answers[-newest:] < 0) | ~np.isin(answers[-newest:], answers[:-newest])
    return share_in_history(int(novel.sum()), newest, Settings().novelty_share)


def _verdict(trained: Trained, certified: Judged, share: float, request: Request) -> Verdict:
    alpha, delta = request.max_wrong, 1 - request.confidence
    labels = Labels(certified.confidences, certified.right, np.ones(len(certified.truth), bool))
    proof = trained.proof
    weights = row_weights(proof.novel, share)
    usable = trained.score.learned and bool((weights > 0).any())
    grid = make_grid(proof.confidences, weights, len(certified.truth), alpha, delta) if usable else FIXED_GRID
    return certify(labels, grid, alpha, delta, look=ONLY_LOOK)


def _spans(tickets: Sequence[Ticket], parts: Parts) -> tuple[Span, Span, Span]:
    def span(rows: Rows) -> Span:
        moments = [tickets[row].resolved_at for row in rows] if parts.in_time else []
        known = [moment for moment in moments if moment is not None]
        return Span(len(rows), min(known, default=None), max(known, default=None))

    return span(parts.learn), span(parts.certify), span(parts.test)
