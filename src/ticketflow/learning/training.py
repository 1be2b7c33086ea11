"""From a workspace's history to everything a decision needs: classifier, ranking, score, thresholds, figures."""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ticketflow.learning.classifier import BUCKETS
from ticketflow.learning.features import Candidates, Floats, Signals, candidates
from ticketflow.learning.figures import figures_of
from ticketflow.learning.folds import FOLDS, Fold, make_folds, row_weights
from ticketflow.learning.judging import Judged
from ticketflow.learning.languages import Languages
from ticketflow.learning.lexical import TermMatrix
from ticketflow.learning.ngrams import hashed_ngrams
from ticketflow.learning.ranking import Ranking
from ticketflow.learning.score import Score
from ticketflow.learning.signals import Learned, TrainingIndex
from ticketflow.learning.trained import UNKNOWN_RATE, Proof, Proposal, Trained, propose, ranked

__all__ = ["Progress", "Proposal", "Trained", "TrainingSet", "TrainingSettings", "fit", "fit_and_judge", "propose"]

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class TrainingSet:
    """A workspace's resolved tickets: n cases over A answers.

    `answers` (n,) int in [-1, A), -1 where a case was resolved without a reusable answer. `tokens` come from the
    search analyzer, `vectors` (n, d) float32 are L2-normalised. `languages` are codes, "" where unknown.
    `answer_vectors` (A, d) embed the answers' own texts, rows of NaN (or None for all) where there is none.
    `success_rates` (A,) in 0..1, NaN where unknown; their length fixes A.
    """

    texts: Sequence[str]
    tokens: Sequence[Sequence[str]]
    vectors: Floats
    answers: NDArray[np.integer[Any]]
    languages: Sequence[str]
    success_rates: Floats
    answer_vectors: Floats | None = None

    def __post_init__(self) -> None:
        sizes = {len(self.texts), len(self.tokens), len(self.vectors), len(self.answers), len(self.languages)}
        if len(sizes) != 1:
            raise ValueError(f"texts, tokens, vectors, answers and languages differ in length: {sorted(sizes)}")
        if len(self.answers) and not -1 <= self.answers.min() <= self.answers.max() < len(self.success_rates):
            raise ValueError(f"answers must lie in [-1, {len(self.success_rates)})")


@dataclass(frozen=True)
class TrainingSettings:
    """How to learn.

    `novel_share`: expected share of tickets that no known answer fits. `delta`: risk taken by a threshold's bound.
    `targets`: wrong shares that the figures report on. `scored_limit`: most tickets scored out of fold.
    `index_limit`: most cases from which a fold's classifier learns. `workers`: threads; liblinear's
    random numbers are one stream for all threads, so only with one worker does a training repeat bit for bit.
    """

    novel_share: float = 0.1
    delta: float = 0.2
    targets: tuple[float, ...] = (0.01, 0.02, 0.05)
    folds: int = FOLDS
    scored_limit: int = 12_000
    index_limit: int = 20_000
    workers: int = 2
    seed: int = 0


BLOCK = 1_000
LEAST_NOVEL = 0.05
"""The score learns from at least this share of novel tickets, so that it knows them when they come; what share is
expected only moves the calibration and the thresholds."""


def known_rates(rates: Floats) -> Floats:
    """(A,) success rates with UNKNOWN_RATE where they are NaN."""
    return np.where(np.isnan(rates), UNKNOWN_RATE, rates).astype(np.float32)


@dataclass(frozen=True)
class Rows:
    """Out-of-fold rows: candidates, `truth` (n,) answer or -1, `part` (n,) fold number, `complete` (n,) bool."""

    found: Candidates
    truth: NDArray[np.int64]
    part: NDArray[np.int64]
    complete: NDArray[np.bool_]

    @classmethod
    def joined(cls, parts: Sequence["Rows"]) -> "Rows":
        """Rows of several folds, in the order given."""
        return cls(
            Candidates.joined([rows.found for rows in parts]),
            np.concatenate([rows.truth for rows in parts]),
            np.concatenate([rows.part for rows in parts]),
            np.concatenate([rows.complete for rows in parts]),
        )


@dataclass(frozen=True)
class _Prepared:
    """A training set with its texts counted once."""

    data: TrainingSet
    labels: NDArray[np.int64]
    vectors: Floats
    ngrams: tuple[Any, Any]
    terms: Any
    lengths: Floats

    @classmethod
    def of(cls, data: TrainingSet) -> "_Prepared":
        terms = TermMatrix.of(data.tokens).counts
        return cls(
            data,
            np.asarray(data.answers, np.int64),
            np.asarray(data.vectors, np.float32),
            hashed_ngrams(data.texts, BUCKETS),
            terms,
            np.diff(terms.indptr).astype(np.float32),
        )

    @property
    def answers(self) -> int:
        return len(self.data.success_rates)

    def rows(self, chosen: NDArray[np.int64]) -> "_Prepared":
        """The same for some of the cases."""
        data = replace(
            self.data,
            texts=[self.data.texts[int(row)] for row in chosen],
            tokens=[self.data.tokens[int(row)] for row in chosen],
            vectors=self.vectors[chosen],
            answers=self.labels[chosen],
            languages=self.languages(chosen),
        )
        words, characters = self.ngrams
        counts = (words[chosen], characters[chosen])
        return _Prepared(
            data, self.labels[chosen], self.vectors[chosen], counts, self.terms[chosen], self.lengths[chosen]
        )

    def languages(self, rows: NDArray[np.int64]) -> list[str]:
        return [self.data.languages[int(row)] for row in rows]

    def learn(self, rows: NDArray[np.int64]) -> Learned:
        words, characters = self.ngrams
        return Learned.fit((words[rows], characters[rows]), self.vectors[rows], self.labels[rows], self.answers)

    def signals(self, rows: NDArray[np.int64], learned: Learned, index: TrainingIndex, languages: Languages) -> Signals:
        shape = (len(rows), self.answers)
        vectors = self.vectors[rows]
        answer_vectors = self.data.answer_vectors
        case_answers, case_cosines = index.nearest(vectors)
        text_answers, text_scores = index.text_hits(self.terms[rows])
        return Signals(
            case_answers=case_answers,
            case_cosines=case_cosines,
            text_answers=text_answers,
            text_scores=text_scores,
            article_similarities=np.full(shape, np.nan, np.float32)
            if answer_vectors is None
            else vectors @ answer_vectors.T,
            success_rates=np.broadcast_to(known_rates(self.data.success_rates), shape),
            language_match=languages.match(self.languages(rows)),
            lengths=self.lengths[rows],
            **learned.signals((self.ngrams[0][rows], self.ngrams[1][rows]), vectors),
        )


def fit(data: TrainingSet, settings: TrainingSettings | None = None, progress: Progress | None = None) -> Trained:
    """Learn from a history of any size, none included; `progress` is told (fraction, label) as work gets done.

    Without enough history the ranking and the score stay priors, and `Trained.threshold` says what is missing.
    Called from worker threads, `progress` must be thread-safe only as far as it is called by this thread alone.
    """
    return fit_and_judge(data, np.zeros(0, np.int64), settings, progress)[0]


def fit_and_judge(
    data: TrainingSet,
    held_out: NDArray[np.integer[Any]],
    settings: TrainingSettings | None = None,
    progress: Progress | None = None,
) -> tuple[Trained, Judged]:
    """Learn as `fit` does from all cases but `held_out` (m,), then judge these, in that order, by what was learned.

    The cases learned from are also all that search finds for the judged ones.
    """
    settings = settings or TrainingSettings()
    report = progress or (lambda fraction, label: None)
    report(0.0, "reading texts")
    whole = _Prepared.of(data)
    hidden = np.zeros(len(whole.labels), bool)
    hidden[held_out] = True
    shown = np.flatnonzero(~hidden)
    ready = whole.rows(shown) if len(held_out) else whole
    with _one_blas_thread():
        trained = _fit(ready, settings, report)
        report(0.97, "judging the tickets held out")
        judged = _judge(whole, trained, shown, np.asarray(held_out, np.int64)) if len(held_out) else Judged.none()
    report(1.0, "done")
    return trained, judged


@contextmanager
def _one_blas_thread() -> Generator[None]:
    """Threads of ours times threads of BLAS fight over the cores: measured ten times slower on two."""
    import_module("sklearn.linear_model")  # now: a library that is loaded later escapes the limit
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield


def _fit(ready: _Prepared, settings: TrainingSettings, report: Progress) -> Trained:
    folds = make_folds(ready.labels, ready.answers, settings.scored_limit, settings.folds, settings.seed)
    learned, rows = _learn(ready, folds, settings, report)
    report(0.95, "fitting the score")
    ranking = Ranking.fit(rows.found, rows.truth) if rows is not None else Ranking.prior()
    score, proof, figures = _fit_score(rows, ranking, settings)
    languages = Languages.of(ready.data.languages, ready.labels, ready.answers)
    rates = known_rates(ready.data.success_rates)
    trained = Trained(learned, ranking, score, languages, proof, rates, settings.delta, settings.novel_share)
    figures |= {"cases": float(len(ready.labels)), "answers": float(ready.answers)}
    for target in settings.targets:
        found = trained.threshold(target)
        figures |= {f"coverage@{target:g}": found.coverage, f"wrong_share@{target:g}": found.wrong_share}
    return replace(trained, figures=figures)


def _learn(
    ready: _Prepared, folds: Sequence[Fold], settings: TrainingSettings, report: Progress
) -> tuple[Learned, Rows | None]:
    """What all cases teach, and all folds' rows in the order of the folds however the threads finish."""
    every = np.arange(len(ready.labels))
    done: dict[int, Rows] = {}
    with ThreadPoolExecutor(max_workers=settings.workers, thread_name_prefix="fold") as pool:
        whole = pool.submit(ready.learn, every)
        pending = {pool.submit(_score_fold, ready, fold, settings): number for number, fold in enumerate(folds)}
        for finished in as_completed(pending):
            done[pending[finished]] = finished.result()
            report(0.05 + 0.85 * len(done) / len(folds), f"fold {len(done)} of {len(folds)}")
        learned = whole.result()
    return learned, Rows.joined([done[number] for number in range(len(folds))]) if folds else None


def _judge(whole: _Prepared, trained: Trained, shown: NDArray[np.int64], held_out: NDArray[np.int64]) -> Judged:
    searched = TrainingIndex.of(whole.vectors[shown], whole.labels[shown], whole.terms[shown])
    parts: list[Judged] = []
    for start in range(0, len(held_out), BLOCK):
        rows = held_out[start : start + BLOCK]
        signals = whole.signals(rows, trained.learned, searched, trained.languages)
        parts.append(Judged.of(signals, whole.labels[rows], trained.ranking, trained.score))
    return Judged.joined(parts)


def _score_fold(ready: _Prepared, fold: Fold, settings: TrainingSettings) -> Rows:
    index, labels = fold.index, ready.labels
    taught = index
    if len(index) > settings.index_limit:
        taught = np.sort(np.random.default_rng(settings.seed + fold.part).permutation(index)[: settings.index_limit])
    learned = ready.learn(taught)
    searched = TrainingIndex.of(ready.vectors[index], labels[index], ready.terms[index])
    languages = Languages.of(ready.languages(index), labels[index], ready.answers)
    rows = np.concatenate([fold.known, fold.novel])
    parts = [
        candidates(ready.signals(rows[start : start + BLOCK], learned, searched, languages), fold.offered)
        for start in range(0, len(rows), BLOCK)
    ]
    truth = np.concatenate([labels[fold.known], np.full(len(fold.novel), -1)])
    size = len(rows)
    return Rows(Candidates.joined(parts), truth, np.full(size, fold.part), np.full(size, fold.complete))


def _fit_score(
    rows: Rows | None, ranking: Ranking, settings: TrainingSettings
) -> tuple[Score, Proof, dict[str, float]]:
    """The calibrated score; the out-of-fold rows behind it; their figures."""
    if rows is None:
        return Score.prior(), Proof.empty(), {}
    answers, _, features = ranked(rows.found, ranking)
    novel = rows.truth < 0
    correct = ~novel & (answers[:, 0] == rows.truth)
    weights = row_weights(novel, max(settings.novel_share, LEAST_NOVEL))
    used = weights > 0
    scores = np.zeros(len(weights))
    for part in np.unique(rows.part):
        learned_from, scored = used & (rows.part != part), rows.part == part
        scores[scored] = Score.fit(features[learned_from], correct[learned_from], weights[learned_from]).scores(
            features[scored]
        )
    # Known tickets of a fold that lacks answers are easier than in use: they teach the score, they prove nothing.
    shown = novel | rows.complete
    proven = row_weights(novel[shown], settings.novel_share)
    score = Score.fit(features[used], correct[used], weights[used]).calibrated(scores[shown], correct[shown], proven)
    confidences = score.confidences(scores)
    figures = figures_of(confidences[shown], correct[shown], novel[shown], proven)
    return score, Proof(confidences[shown], correct[shown], novel[shown]), figures
