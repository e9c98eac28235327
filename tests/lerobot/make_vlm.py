"""Makes a tiny SmolVLM, its configuration and its processor, no weights: `make_vlm.py FOLDER`.

Run by LeRobot's interpreter. SmolVLA reads both from the folder that `vlm_model_name` names; with
`load_vlm_weights: false` the weights are random. The tokenizer has a token for each byte.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

IMAGE_SIZE, PATCH_SIZE, SCALE_FACTOR = 64, 16, 2
SPECIAL = {
    "image_token": "<image>",
    "fake_image_token": "<fake_token_around_image>",
    "global_image_token": "<global-img>",
    "end_of_utterance_token": "<end_of_utterance>",
}


def main(folder: Path) -> None:
    transformers = import_module("transformers")
    tokenizer = bytewise()
    transformers.SmolVLMProcessor(
        transformers.SmolVLMImageProcessor(),
        tokenizer,
        transformers.SmolVLMVideoProcessor(),
        image_seq_len=(IMAGE_SIZE // PATCH_SIZE // SCALE_FACTOR) ** 2,
    ).save_pretrained(folder)
    layers = {"num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 32}
    transformers.SmolVLMConfig(
        image_token_id=tokenizer.image_token_id,
        pad_token_id=tokenizer.pad_token_id,
        scale_factor=SCALE_FACTOR,
        vision_config={
            **layers,
            "intermediate_size": 64,
            "image_size": IMAGE_SIZE,
            "patch_size": PATCH_SIZE,
        },
        text_config={
            **layers,
            "intermediate_size": 64,
            "num_key_value_heads": 2,
            "vocab_size": len(tokenizer),
            "pad_token_id": tokenizer.pad_token_id,
        },
    ).save_pretrained(folder)


def bytewise() -> Any:
    """A tokenizer with one token a byte and SmolVLM's special ones."""
    tokenizers, transformers = import_module("tokenizers"), import_module("transformers")
    kind = tokenizers.pre_tokenizers.ByteLevel
    vocabulary = {letter: i for i, letter in enumerate(sorted(kind.alphabet()))}
    made = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocabulary, merges=[]))
    made.pre_tokenizer = kind(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="<eos>", extra_special_tokens=SPECIAL
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
