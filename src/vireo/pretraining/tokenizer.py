"""Byte-pair tokenizer trained on the corpus, for models from scratch."""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from vireo.pretraining.base import Document

END = "<|end|>"
"""Between two documents, for models that write."""
PAD, BEGIN, CLOSE, MASK = "[PAD]", "[CLS]", "[SEP]", "[MASK]"
MIN_SIZE = 256 + 8
"""Words: every byte is one, so that no text is unknown."""


def trained_tokenizer(documents: Iterable[Document], words: int, writes: bool) -> Tokenizer:
    """Byte-pair encoding over bytes (Sennrich et al. 2016; Radford et al. 2019), `words` in all.

    For a model that `writes` documents end in END; for an encoder every text stands between
    BEGIN and CLOSE, and MASK is a word. The same documents give the same tokenizer.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=not writes)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=max(MIN_SIZE, words),
        special_tokens=[END] if writes else [PAD, BEGIN, CLOSE, MASK],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator((document.text for document in documents), trainer)
    if not writes:
        frame = [(BEGIN, tokenizer.token_to_id(BEGIN)), (CLOSE, tokenizer.token_to_id(CLOSE))]
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{BEGIN} $A {CLOSE}", special_tokens=frame
        )
    tokenizer.encode_special_tokens = True  # words that spell one stay words
    return tokenizer
