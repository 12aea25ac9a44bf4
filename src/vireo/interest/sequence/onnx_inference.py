"""Inference of a trained sequence network on ONNX Runtime: histories -> states."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vireo.arrays import Floats
from vireo.interest.sequence.windows import (
    PositiveEvents,
    gap_buckets,
    inference_batch,
    token_batches,
)

_BATCH_TOKENS = 1024
"""Padded tokens of one run: with more, activations leave the processor's caches."""


class HistoryEncoder:
    """One user or many, by one code path. Safe for many threads.

    A run takes one thread: users of a service are served in parallel, and a network of this size
    gains nothing from more.
    """

    def __init__(self, graph: bytes, embeddings: Floats, max_length: int, time_aware: bool) -> None:
        """`graph` is that of `onnx_export`; `embeddings` (n, d) are the item embeddings."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4  # errors are raised
        self._session = onnxruntime.InferenceSession(
            graph, options, providers=["CPUExecutionProvider"]
        )
        self._embeddings, self._max_length = embeddings, max_length
        self._time_aware = time_aware

    def states(self, histories: Sequence[PositiveEvents], query_times: Sequence[int]) -> Floats:
        """States after the last event of each history, none empty. (b, d)

        Query times are in milliseconds, or NO_TIME.
        """
        lengths = np.array(
            [min(len(videos), self._max_length) for videos, _ in histories], dtype=np.int64
        )
        states = np.empty((len(histories), self._embeddings.shape[1]), dtype=np.float32)
        order = np.argsort(lengths, kind="stable")
        for rows in token_batches(order, lengths, _BATCH_TOKENS):
            some = rows.tolist()
            batch, last = inference_batch(
                [histories[row] for row in some],
                [query_times[row] for row in some],
                self._max_length,
            )
            inputs = {
                "embeddings": self._embeddings[batch.videos],
                "gaps": gap_buckets(batch.gaps, self._time_aware),
                "positions": last,
            }
            (states[rows],) = self._session.run(None, inputs)
        return states
