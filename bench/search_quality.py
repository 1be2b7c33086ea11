"""How often the first hit is right, over real questions: BM25, cosine, equal-weight RRF and our fusion side by side.

`python bench/search_quality.py [--data banking77 dstc11_insurance] [--json]`. The right hit has the query's label.
"""

import argparse
import csv
import json
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
import Stemmer
from sklearn.model_selection import train_test_split

from common import SHARED
from ticketflow.clock import SystemClock
from ticketflow.db import Database
from ticketflow.db.migrations import upgrade
from ticketflow.db.sqlite import SQLite
from ticketflow.domain import ChunkKind
from ticketflow.embeddings import BundledEncoder, CachedEncoder
from ticketflow.learning.fusion import fit_fusion
from ticketflow.retrieval import PRIOR, Search, Source, analyzer, chunks
from ticketflow.retrieval.history import labelled_pools
from ticketflow.store import workspaces

RRF_K = 60
LISTED = 50

Rows = list[tuple[str, str]]


def banking77() -> tuple[Rows, Rows]:
    """The published split."""
    folder = SHARED / "data" / "banking77"
    train, test = (
        [(row["text"], row["category"]) for row in csv.DictReader((folder / name).open(encoding="utf-8"))]
        for name in ("train.csv", "test.csv")
    )
    return train, test


def dstc11_insurance() -> tuple[Rows, Rows]:
    """Half and half, stratified, seed 0."""
    path = SHARED / "data" / "dstc11_insurance" / "utterances.jsonl"
    rows = [json.loads(line) for line in path.open(encoding="utf-8")]
    pairs = [(row["utterance"], row["intent"]) for row in rows]
    train, test = train_test_split(pairs, test_size=0.5, random_state=0, stratify=[label for _, label in pairs])
    return train, test


DATA = {"banking77": banking77, "dstc11_insurance": dstc11_insurance}


def full_bm25(train: Sequence[str], test: Sequence[str]) -> np.ndarray:
    """First hit of plain BM25 for each query, every word of it, stemmed, stop words included."""
    stem = Stemmer.Stemmer("english").stemWords
    documents, queries = ([stem(re.findall(r"\w+", text.casefold())) for text in texts] for texts in (train, test))
    number = {word: at for at, word in enumerate(dict.fromkeys(word for words in documents for word in words))}
    counts = sp.csr_matrix(
        (
            np.ones(sum(map(len, documents))),
            (
                [at for at, words in enumerate(documents) for _ in words],
                [number[w] for words in documents for w in words],
            ),
        ),
        shape=(len(documents), len(number)),
    )
    counts.sum_duplicates()
    frequency = np.bincount(counts.indices, minlength=len(number))
    idf = np.maximum(np.log((len(documents) - frequency + 0.5) / (frequency + 0.5)), 1e-6)
    length = np.asarray(counts.sum(1)).ravel()
    norm = 1.2 * (0.25 + 0.75 * length / length.mean())
    row = np.repeat(np.arange(len(documents)), np.diff(counts.indptr))
    counts.data = idf[counts.indices] * counts.data * 2.2 / (counts.data + norm[row])
    asked = sp.lil_matrix((len(queries), len(number)))
    for at, words in enumerate(queries):
        for word in {word for word in words if word in number}:
            asked[at, number[word]] = 1
    return np.asarray((asked.tocsr() @ counts.T).todense()).argmax(1)


def rrf(similarity: np.ndarray, lexical: np.ndarray) -> int:
    """Row of the best candidate by reciprocal ranks of both lists, equally weighted."""
    score = np.zeros(len(similarity))
    for part, listed in ((similarity, np.isfinite(similarity)), (lexical, lexical > 0)):
        order = [row for row in np.argsort(-part, kind="stable") if listed[row]][:LISTED]
        score[order] += 1 / (RRF_K + 1 + np.arange(len(order)))
    return int(score.argmax())


def measure(name: str, encoder: CachedEncoder, queries: int | None) -> dict[str, Any]:
    """P@1 of every way on one data set."""
    train, test = DATA[name]()
    test = test[:queries]
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/bench.db", SQLite(), SystemClock())
        upgrade(database)
        with database.write() as session:
            workspace = workspaces.ensure(session, "bench")
        sources = [
            Source(ChunkKind.CASE, f"case-{at}", "", text, category=label, answer_id=label)
            for at, (text, label) in enumerate(train)
        ]
        prepared = chunks.prepare(encoder, sources)
        with database.write() as session:
            chunks.replace(session, workspace, prepared)
        search = Search(database, encoder)
        search.load()
        began = time.perf_counter()
        fit = fit_fusion(labelled_pools(database, search, workspace))
        learning = time.perf_counter() - began
        vectors = encoder.encode([text for text, _ in test])
        right: dict[str, int] = dict.fromkeys(
            ("bounded full text", "cosine alone", "equal-weight RRF", "hybrid, prior", "hybrid, learned"), 0
        )
        first = chunks.id_range(workspace, ChunkKind.CASE)[0] + 1
        labels = [label for _, label in train]
        for (text, label), vector in zip(test, vectors, strict=True):
            with database.read() as session:
                pool = search.pool(session, workspace, vector, analyzer.terms(text), ChunkKind.CASE)
            found = [labels[chunk_id - first] == label for chunk_id in pool.ids]
            best = {
                "bounded full text": int(pool.lexical.argmax()) if pool.lexical.any() else -1,
                "cosine alone": int(pool.similarity.argmax()),
                "equal-weight RRF": rrf(pool.similarity, pool.lexical),
                "hybrid, prior": int(pool.fused(PRIOR).argmax()),
                "hybrid, learned": int(pool.fused(fit.weights).argmax()),
            }
            for way, row in best.items():
                right[way] += row >= 0 and found[row]
        database.close()
    plain = full_bm25([text for text, _ in train], [text for text, _ in test])
    rates = {"full BM25": float(np.mean([labels[row] == label for row, (_, label) in zip(plain, test, strict=True)]))}
    rates.update({way: count / len(test) for way, count in right.items()})
    better = max(rates["cosine alone"], rates["bounded full text"], rates["full BM25"])
    return {
        "data": name,
        "cases": len(train),
        "queries": len(test),
        "encoder": encoder.id,
        "P@1": {way: round(rate, 4) for way, rate in rates.items()},
        "weights": fit.weights.to_dict(),
        "chosen": fit.chosen,
        "held_out": {way: round(rate, 4) for way, rate in fit.right.items()},
        "seconds_to_learn": round(learning, 1),
        "passed": all(
            rates[way] >= rates["full BM25"] + 0.10 and rates[way] >= better - 0.005
            for way in ("hybrid, prior", "hybrid, learned")
        ),
    }


def main() -> int:
    """Print the table; exit status 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", choices=list(DATA), default=list(DATA))
    parser.add_argument("--queries", type=int, help="only the first so many")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    missing = [name for name in options.data if not (SHARED / "data" / name).is_dir()]
    if missing:
        print(f"Skipped: {SHARED / 'data'} lacks {', '.join(missing)}; TICKETFLOW_SHARED says where it is.")
        return 0
    encoder = CachedEncoder(BundledEncoder())
    results = [measure(name, encoder, options.queries) for name in options.data]
    if options.json:
        print(json.dumps(results))
    else:
        for result in results:
            print(f"\n{result['data']}: {result['cases']} cases, {result['queries']} queries, {result['encoder']}")
            for way, rate in result["P@1"].items():
                print(f"  {way:20} {rate:.1%}")
            print(f"  weights {result['weights']} ({result['chosen']}; held out {result['held_out']})")
            print(f"  bars {'met' if result['passed'] else 'MISSED'}; learning took {result['seconds_to_learn']} s")
    return 0 if all(result["passed"] for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
