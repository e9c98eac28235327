"""ACT-OT: plans without mass, without a choice, or without an effect, beside sound ones."""

from __future__ import annotations

from typing import Any

from benchmarks.faults.act import SMALL
from benchmarks.faults.case import Case, healthy, planted
from benchmarks.faults.world import World

CLEAN = frozenset(
    {"ot_mass_collapse", "ot_cost_stuck", "ot_diagonal_prior", "ot_term_dominates", "ot_ready"}
)
"""What a sound plan under a large enough weight shows nothing of: `ot_ready` asks for more."""
NO_MASS = frozenset({"ot_ready"})

SOUND = {
    "ot.reg": 2.0,
    "ot.tau": 10.0,
    "ot.heuristic": False,
    "ot.window_size": 2,
    "ot.lambda_ot": 0.3,
    "steps": 150,
    "log_every": 3,
    "eval_every": 50,
}


def ot(**params: Any) -> dict[str, Any]:
    """A case's trainer, parameters (`ot_reg` for `ot.reg`) and demonstrations."""
    mine = {name.replace("ot_", "ot.", 1): value for name, value in params.items()}
    params = {**SMALL, **SOUND, **mine}
    return {"trainer": "act_ot", "params": params, "data": World(two_domains=True)}


CASES: tuple[Case, ...] = (
    healthy("ot-healthy", "Nothing is wrong.", CLEAN, **ot()),
    healthy(
        "ot-healthy-small",
        "Nothing is wrong; a small weight.",
        frozenset({"ot_embedding_collapse", "ot_diagonal_prior"}),
        **ot(ot_lambda_ot=0.001),
    ),
    planted(
        "ot-alike",
        "The weight is so large that all embeddings become alike.",
        "ot_embedding_collapse",
        clean=NO_MASS,
        **ot(ot_lambda_ot=30.0),
    ),
    healthy(
        "ot-healthy-strong", "Nothing is wrong; a weight of one.", CLEAN, **ot(ot_lambda_ot=1.0)
    ),
    planted(
        "ot-mass-reg-tau",
        "reg and tau are far below the cost, and the weight is too small to lower it.",
        "ot_mass_collapse",
        clean=NO_MASS,
        **ot(ot_reg=0.02, ot_tau=0.02, ot_lambda_ot=0.01),
    ),
    planted(
        "ot-mass-cost",
        "The embeddings weigh a thousand times too much for tau.",
        "ot_mass_collapse",
        clean=NO_MASS,
        **ot(ot_weight_embed=1000.0, ot_lambda_ot=1e-3),
    ),
    planted(
        "ot-diagonal",
        "The diagonal prior is on.",
        "ot_diagonal_prior",
        clean=frozenset({"ot_mass_collapse"}),
        **ot(ot_heuristic=True),
    ),
    planted(
        "ot-labels-alone",
        "Only labels are transported, which learning cannot move.",
        "ot_cost_stuck",
        clean=frozenset({"ot_mass_collapse", "ot_diagonal_prior"}),
        **ot(ot_weight_embed=0.0, ot_weight_label=0.1),
    ),
    planted(
        "ot-weight-zero",
        "The transport loss weighs nothing.",
        "ot_cost_stuck",
        clean=frozenset({"ot_diagonal_prior"}),
        **ot(ot_lambda_ot=0.0),
    ),
    planted(
        "ot-labels-huge",
        "Labels weigh a thousand times the note's value.",
        "ot_term_dominates",
        clean=frozenset({"ot_diagonal_prior"}),
        **ot(ot_weight_label=5.0),
    ),
    planted(
        "ot-ready",
        "Steady, with a weight that may go up.",
        "ot_ready",
        clean=frozenset({"ot_mass_collapse", "ot_diagonal_prior"}),
        **ot(ot_lambda_ot=0.01),
    ),
)
