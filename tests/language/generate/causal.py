"""A causal model of random weights with a chat template: real, and it talks nonsense."""

from __future__ import annotations

from pathlib import Path

_TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
_WORDS = ["a quiet walk by the sea", "name the mood of the video", '{"mood": "calm", "score": 7}']
_MARKS = ["<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]


def tiny_causal(directory: Path, positions: int = 2048) -> Path:
    """A Llama of 32 dimensions over bytes, in Hugging Face's layout."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    spelling = Tokenizer(models.BPE())
    spelling.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    spelling.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=_MARKS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    spelling.train_from_iterator(_WORDS, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=spelling, eos_token="<|end|>", pad_token="<|end|>"
    )
    tokenizer.chat_template = _TEMPLATE
    tokenizer.save_pretrained(directory)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        settings = LlamaConfig(
            vocab_size=spelling.get_vocab_size(),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=2,
            max_position_embeddings=positions,
            eos_token_id=spelling.token_to_id("<|end|>"),
            pad_token_id=spelling.token_to_id("<|end|>"),
        )
        LlamaForCausalLM(settings).save_pretrained(directory)
    return directory
