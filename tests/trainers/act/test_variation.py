"""How much the source's embeddings differ, by a sum over samples and dimensions."""

from __future__ import annotations

import numpy as np

from tests.trainers.act.test_ot_trainer import build


def test_the_variation_is_the_variance_over_the_mean_square() -> None:
    trainer = build()
    source, target = trainer.sample()
    both = trainer.observe_both(source, target)
    found = trainer.transport(both, source, target).metrics
    for name, embedding in trainer.net.embed(both).items():
        own = embedding[: trainer.batch].detach().numpy().astype(np.float64)
        spread = ((own - own.mean(axis=0)) ** 2).sum() / len(own)
        square = (own**2).sum() / len(own)
        np.testing.assert_allclose(
            float(found[f"train/ot_variation/{name}"]), spread / square, 1e-4
        )
