"""One table of names: what trainers and scripts call a metric, and what it is called here.

It holds for imported logs and for the output of a swept command alike, so that one log says the
same both ways. A name that is not in it stays; one without a group gets `train/`.

Success rates have many names and two scales. They become `eval/pc_success`, 0 to 100; one that is
counted in several environments is kept for each of them, and the mean over all is the rate.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import Any

from ilsweep.analysis.importers.numbers import counted_in
from ilsweep.analysis.metrics.catalog import SUCCESS

Row = dict[str, Any]
"""A report: `step`, and metrics by name."""

EPISODES = "eval/n_episodes"

PLACES = 9
"""Of a share in percent, so that 11 of 20 are 55 by whatever way, and not 55.00000000000001."""

NOT_NAMES = ("step", "attempt")

TABLE: dict[str, tuple[str, ...]] = {
    "train/loss": (
        "loss", "train_loss", "training_loss", "train/train_loss", "training/loss", "loss/train",
        "train_loss_step", "train/loss_step", "total_loss", "train/total_loss", "vla_train/loss",
        "losses/total_loss", "training/total_loss", "train_batch_loss", "train/batch_loss",
        "loss_train", "loss/total", "avg_loss", "train_avg_loss", "mean_loss", "epoch_loss",
        "running_loss", "train/loss_epoch", "train_loss_epoch",
    ),
    "eval/eval_loss": (
        "val_loss", "valid_loss", "validation_loss", "eval_loss", "val/loss", "valid/loss",
        "validation/loss", "loss/val", "loss/valid", "loss/validation", "loss/eval", "eval/loss",
        "train/val_loss", "train/valid_loss", "train/validation_loss", "train/eval_loss",
        "eval/val_loss", "val/val_loss", "val/total_loss", "val_loss_epoch", "vla_val/loss",
        "heldout_loss", "held_out_loss", "dev_loss",
        "loss_val", "test_loss", "test/loss", "train/test_loss",
    ),
    "train/grad_norm": (
        "grad_norm", "gradient_norm", "grad/norm", "total_grad_norm", "training/grad_norm",
        "train/gradient_norm", "grad_2.0_norm_total",
        "gradnorm", "gnorm", "train/gnorm", "train/gradnorm",
    ),
    "train/lr": (
        "lr", "learning_rate", "train/learning_rate", "training/learning_rate", "optimizer/lr",
        "training/lr", "lr-adam", "lr-adamw", "vla_train/learning_rate",
        "lr/group_0", "lr_0", "lr/pg0",
    ),
    "train/l1_loss": (
        "l1", "l1_loss", "train_l1", "train_l1_loss", "vla_train/l1_loss",
        "vla_train/curr_action_l1_loss",
    ),
    "train/kld_loss": ("kl", "kld_loss", "train_kl", "kl_loss"),
    "eval/l1_loss": ("val_l1", "val/l1", "train/val_l1", "vla_val/curr_action_l1_loss"),
    "eval/kld_loss": ("val_kl", "val/kl", "train/val_kl"),
    "eval/offline_eval/avg_l1": ("eval/avg_l1",),
    "train/action_mse_error": ("train_action_mse_error", "train/train_action_mse_error"),
    "eval/action_mse_error": ("val_action_mse_error", "train/val_action_mse_error"),
    "eval/overall_avg_sample_mse": ("overall_avg_sample_mse", "train/overall_avg_sample_mse"),
    "eval/overall_avg_sample_l2err": (
        "overall_avg_sample_l2err", "train/overall_avg_sample_l2err",
    ),
    "train/ot_loss": ("ot_loss",),
    "train/ot_pi_sum": ("ot_pi_sum",),
    "train/ot_pi_diag": ("ot_pi_diag",),
    "train/ot_cost/state": ("ot_cost(state)",),
    "eval/avg_sum_reward": ("avg_sum_reward", "average_return"),
    "eval/n_episodes": (
        "n_episodes", "eval/num_episodes", "num_episodes", "num_rollouts", "n_rollouts",
        "eval/n_rollouts", "eval/num_rollouts", "num_trials", "eval/num_trials", "n_trials",
        "trials", "rollouts",
    ),
}  # fmt: skip
"""Our name: the names that others give the same, in lower case, blanks as `_`."""

_SUCCESS = re.compile(
    r"^(?:(?P<group>[a-z0-9_ ./]{0,80}?)[/_ .])??"
    r"(?:(?P<percent>pc_success|success_pct|success_percent(?:age)?|percent_success|pct_success"
    r"|(?:success|success_rate)_?(?:\(%\)|\[%\]))"
    r"|(?:avg_|mean_|average_)?(?:success_rate|successrate|success_ratio|success_once|success|sr"
    r"|succ|succ_rate)(?:_mean|_avg)?)"
    r"(?:/(?P<env>[^/]{1,80}))?$"
)

_PREFIXED = re.compile(
    r"^(train|training|val|valid|validation|eval|evaluation|test|held_?out)[_ ]"
    r"(?!(?:iteration|step|epoch)s?$)([^/]+)$",
    re.IGNORECASE,
)
"""A group written as a prefix: `val_mse` is `eval/mse`."""

_LAST_WORDS = re.compile(r"((?<![\w/.])[A-Za-z]{1,30} )?(?<![\w/.])([A-Za-z_][\w/.]{0,60})$")

_COUNT = re.compile(
    r"^(?:(?P<group>.{0,80})/)?(?:(?:n|num|number_of|total)_(?:success|successes|successful"
    r"(?:_(?:episodes|rollouts|trials))?)|successes|success_count|succ_count)$"
)
"""A number of episodes that succeeded, beside `eval/n_episodes`."""

_TRAINING = re.compile(
    r"(^|[/_. -])(train|training|lesion|probe|episode|num|n|count|best|max|min|peak)([/_. -]|$)"
)
"""Groups whose success is not the policy's in an evaluation: a count and no rate, or the largest of
all evaluations so far."""


def plain(name: str) -> str:
    """A name as the table has it, blanks and hyphens as `_`."""
    return re.sub("[ -]", "_", name.strip().lower()).removeprefix("trainer/")


OURS = {plain(theirs): ours for ours, names in TABLE.items() for theirs in (ours, *names)}


def known(name: str) -> str:
    """The name under which a metric is recorded. The name of a name is itself."""
    if name in TABLE or name in NOT_NAMES:
        return name
    if ours := OURS.get(plain(name)):
        return ours
    if found := _PREFIXED.match(name.strip()):
        ours = f"{'train' if found[1].lower().startswith('train') else 'eval'}/{found[2]}"
        return OURS.get(plain(ours), ours)
    return grouped(name)


def last_words(text: str) -> str:
    """The name that ends a text: its last word, or the last two where those are known.

    `Step 3 | val loss` ends with `val loss`, `after loss` with `loss`.
    """
    found = _LAST_WORDS.search(text)
    if not found:
        return ""
    both = f"{found[1]}{found[2]}"
    return both if found[1] and (is_success(both) or known(both) != grouped(both)) else found[2]


def grouped(name: str, group: str = "train") -> str:
    """A name with its group."""
    return name if "/" in name else f"{group}/{name}"


def is_success(name: str) -> re.Match[str] | None:
    """Whether a metric is a success rate of an evaluation: groups `percent` and `env`."""
    found = _SUCCESS.match(plain(name))
    if found and (found["group"] is None or not _TRAINING.search(found["group"])):
        return found
    return None


def episodes_of(texts: Mapping[str, Any]) -> Row:
    """The number of episodes, where a success rate was written as a count of them: `7/20`."""
    counts = {n for name, text in texts.items() if is_success(name) and (n := counted_in(text))}
    return {EPISODES: float(counts.pop())} if len(counts) == 1 else {}


def recorded_name(name: str) -> str:
    """The name under which a metric of an evaluation is recorded, a success rate's included."""
    return SUCCESS if is_success(name) else known(name)


def recorded(
    rows: Iterable[Mapping[str, Any]],
    keep: Collection[str] = (),
    more: Mapping[str, str] | None = None,
) -> list[Row]:
    """A run's reports by the names of the table.

    Of two names that become one in a report, the one that had it already counts, then the first.
    `keep` are names with a group that stay as they are: those that a spec names itself. `more` are
    further entries of the table, their name to ours.
    """
    rows = list(rows)
    names = {name for row in rows for name in row if name not in NOT_NAMES}
    own = _own(names, more or {})
    stay = {name: grouped(name) for name in names if grouped(name) in keep} | own
    named = {name: known(name) for name in names} | stay
    rates = _rates(names - set(stay), rows) if SUCCESS not in own.values() else {}
    rates |= {n: _Rate(ours, _scale(n, rows)) for n, ours in own.items() if ours == SUCCESS}
    found = [_renamed(row, named | {name: rate.name for name, rate in rates.items()}, rates)
             for row in rows]  # fmt: skip
    if SUCCESS not in names and not rates:
        found = _with_counted(found)
    several = sorted({r.name for r in rates.values() if r.name != SUCCESS})
    return _with_means(found, several) if len(several) > 1 else found


def _own(names: Iterable[str], more: Mapping[str, str]) -> dict[str, str]:
    """The user's entries for these names, which may be given as they are logged or as recorded."""
    spelt = {name: (name, grouped(name), known(name)) for name in names}
    found = {name: more[as_] for name, forms in spelt.items() for as_ in forms if as_ in more}
    return {name: meant(ours) for name, ours in found.items()}


def meant(ours: str) -> str:
    """The metric that an entry of the user's names: `eval_loss` is `eval/eval_loss`."""
    return ours if "/" in ours else recorded_name(ours)


class _Rate:
    """A success rate by its new name, and what makes percent of it."""

    def __init__(self, name: str, scale: float) -> None:
        self.name, self.scale = name, scale


def _rates(names: Iterable[str], rows: Sequence[Mapping[str, Any]]) -> dict[str, _Rate]:
    """The success rates among the names; none where our own name is logged already."""
    names = set(names)
    found = {name: match for name in sorted(names) if (match := is_success(name))}
    if SUCCESS in names or not found:
        return {}
    first = min(found, key=lambda name: (found[name]["env"] is not None, len(name), name))
    head = _head(first, found[first])
    chosen = [name for name in found if _head(name, found[name]) == head]
    envs = {found[name]["env"] for name in chosen}
    if None in envs:
        chosen, envs = [first], {None}
    return {
        name: _Rate(
            SUCCESS if len(envs) == 1 else f"{SUCCESS}/{name.rpartition('/')[2]}",
            1.0 if found[name]["percent"] else _scale(name, rows),
        )
        for name in chosen
    }


def _head(name: str, found: re.Match[str]) -> str:
    return plain(name)[: found.start("env")] if found["env"] else plain(name) + "/"


def _scale(name: str, rows: Sequence[Mapping[str, Any]]) -> float:
    """What makes percent of a rate: 1 where it is written so, since no share is larger than one."""
    percent = any(isinstance(v := row.get(name), int | float) and v > 1 for row in rows)
    return 1.0 if percent else 100.0


def _renamed(row: Mapping[str, Any], names: Mapping[str, str], rates: Mapping[str, _Rate]) -> Row:
    result: Row = {}
    for name, value in row.items():
        new = names.get(name, name)
        if new in result and name != new:
            continue
        scale = rates[name].scale if name in rates else 1.0
        percent = scale != 1.0 and value is not None
        result[new] = round(value * scale, PLACES) if percent else value
    return result


def _with_counted(rows: Sequence[Row]) -> list[Row]:
    """With the success rate where successes and episodes were counted."""
    episodes: float | None = None
    found = []
    for row in rows:
        episodes = row.get(EPISODES, episodes)
        rate = counted_success(row, episodes)
        found.append(row if rate is None else {**row, SUCCESS: rate})
    return found


def counted_success(row: Mapping[str, Any], episodes: float | None) -> float | None:
    """The success rate in percent of a row that counts successes; None where none does."""
    counts = [value for name, value in row.items() if _is_count(name) and value is not None]
    if len(counts) != 1 or not episodes or not 0 <= counts[0] <= episodes:
        return None
    return float(round(100 * counts[0] / episodes, PLACES))


@cache
def _is_count(name: str) -> bool:
    found = _COUNT.match(plain(name).removeprefix("train/"))
    return found is not None and not _TRAINING.search(found["group"] or "")


def _with_means(rows: Sequence[Row], several: Sequence[str]) -> list[Row]:
    """With the mean over environments at each step that has all of them, in one row or several."""
    found: list[Row] = []
    for _, at_once in groupby(rows, key=lambda row: row.get("step")):
        together = list(at_once)
        known = {name: row[name] for row in together for name in several
                 if row.get(name) is not None}  # fmt: skip
        if len(known) == len(several):
            together[-1] = {**together[-1], SUCCESS: sum(known.values()) / len(known)}
        found += together
    return found
