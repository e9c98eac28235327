"""Every phrase of the reports, in both languages. `{}` fields are filled in by `sections`."""

from __future__ import annotations

from dataclasses import dataclass

from ilsweep.analysis.text import Lang


@dataclass(frozen=True)
class Words:
    """One language's phrases; a missing translation is a type error."""

    title: str
    question: str
    answer: str
    missing: str
    or_: str
    sep: str
    """Between items of a list inside a sentence."""
    colon: str

    ranking: str
    ranked_by: str
    smaller: str
    larger: str
    of_seeds: str
    of_successes: str
    of_health: str
    rank: str
    configuration: str
    seeds: str
    successes: str
    train_loss: str
    loss_rank: str
    tied: str
    critical: str
    pareto: str
    more_rows: str
    states: dict[str, str]

    neighbours: str
    pair: str
    difference: str
    p_value: str
    test: str
    verdict: str
    told_apart: str
    not_told_apart: str
    needed: str
    needed_seeds: str
    needed_many: str
    needed_rollouts: str
    same_episodes: str
    same_episodes_cell: str

    confirmed: str
    how_confirmed: str
    chosen_by: str
    then: str
    fresh: str
    change: str
    beaten_by: str
    wins_only: str
    both: str
    neither: str
    evidence_for: str
    decision: str
    wins: str
    undecided: str

    runs: str
    runs_folded: str
    more_runs: str
    failed_run: str
    curves: str

    findings: str
    evidence: str
    run: str
    in_runs: str
    more_findings: str
    suggestion: str
    source: str

    why_ot: str

    hypotheses: str
    claim: str
    judgements: dict[str, str]
    expectations: dict[str, str]
    expected: str
    expected_levels: str
    """Of a parameter whose values are no numbers."""

    importance: str
    parameter: str
    share: str

    next_steps: str
    ops: dict[str, str]
    for_runs: str
    because: str

    next_stage: str
    where: str
    before: str
    after: str
    reason: str

    provenance: str
    facts: dict[str, str]

    update: str
    note: str


EN = Words(
    title="{system} Stage Report",
    question="Question",
    answer="Answer",
    missing="What the records lack",
    or_=" or ",
    sep=", ",
    colon=": ",
    ranking="Ranking",
    ranked_by="By `{metric}` ({direction} is better). ",
    smaller="smaller",
    larger="larger",
    of_seeds=(
        "Values are over the configuration's seeds; square brackets are 95 % intervals over seeds. "
    ),
    of_successes=(
        "The intervals of successes are exact (Clopper-Pearson) and hold for the policies tested. "
    ),
    of_health=(
        "A configuration with a critical finding in most of its seeds stands below healthy ones. "
    ),
    rank="#",
    configuration="configuration",
    seeds="seeds",
    successes="successes",
    train_loss="train loss",
    loss_rank="# by loss alone",
    tied="not told from",
    critical="critical findings",
    pareto="Pareto front",
    more_rows="{n} more in `report.json`.",
    states={
        "pending": "pending",
        "running": "running",
        "completed": "completed",
        "stopped": "stopped early",
        "failed": "failed",
    },
    neighbours="Which neighbours can be told apart",
    pair="pair",
    difference="difference",
    p_value="p (Holm)",
    test="test",
    verdict="verdict",
    told_apart="told apart",
    not_told_apart="not told apart",
    needed="to tell them apart",
    needed_seeds="{n} seeds each",
    needed_many="over {n} seeds each",
    needed_rollouts="{n} rollouts each",
    same_episodes="same episodes (McNemar)",
    same_episodes_cell="{wins} : {losses} of {pairs}, p={p}",
    confirmed="Confirmed on fresh episodes",
    how_confirmed=(
        "The best of many was also the luckiest, so the value that chose it is too good. These "
        "episodes chose nothing. Each draws its policy among the configuration's training seeds; "
        "the intervals (95 %) hold however often one looked. All duels and looks together have an "
        "error rate of {alpha}; a duel is decided at an e-value of {bound}. "
    ),
    chosen_by="chosen by {metric}",
    then="successes when chosen",
    fresh="successes on fresh episodes",
    change="change, points",
    beaten_by="beaten by",
    wins_only="solved by one alone",
    both="both",
    neither="neither",
    evidence_for="e-value",
    decision="decision",
    wins="#{n} wins",
    undecided="open",
    runs="Runs",
    runs_folded="{n} runs: first, last and best of each metric",
    more_runs="{n} more in `report.json`.",
    failed_run="Failed",
    curves="Learning curves",
    findings="Findings",
    evidence="Evidence",
    run="run",
    in_runs="Seen in {n} of {total} runs: {names}.",
    more_findings="The rest ({n}) is in `report.json`.",
    suggestion="Suggestion",
    source="source",
    why_ot="Why is ot_loss not falling steadily?",
    hypotheses="Hypotheses",
    claim="Claim",
    judgements={"supported": "supported", "refuted": "refuted", "undecided": "undecided"},
    expectations={"increase": "increases", "decrease": "decreases", "no_effect": "does not move"},
    expected="expected: a larger {param} {expect} {metric}",
    expected_levels="expected: from {low} to {high}, {param} {expect} {metric}",
    importance="Importance of the parameters",
    parameter="parameter",
    share="share of the variation of {metric}",
    next_steps="Next steps",
    ops={"set": "set to {value}", "multiply": "multiply by {value}", "add": "add {value}"},
    for_runs="for {runs}",
    because="from",
    next_stage="What `ilsweep next` changes:",
    where="in the spec",
    before="before",
    after="after",
    reason="reason",
    provenance="How to reproduce",
    facts={
        "command": "Command",
        "commit": "Commit",
        "host": "Host",
        "platform": "Platform",
        "cpus": "CPUs",
        "started": "Started",
        "ended": "Ended",
        "seeds": "Seeds",
        "data": "Data",
        "versions": "Versions",
    },
    update="{system} Report Update ({time})",
    note="Note",
)

ZH = Words(
    title="{system} 实验阶段性报告",
    question="问题",
    answer="结论",
    missing="记录中缺少的内容",
    or_="或",
    sep="、",
    colon="：",
    ranking="排名",
    ranked_by="按 `{metric}` 排序（{direction}越好）。",
    smaller="越小",
    larger="越大",
    of_seeds="数值为该配置各随机种子的汇总；方括号为跨种子的 95 % 区间。",
    of_successes="成功次数的区间为精确区间（Clopper-Pearson），只对被测的策略成立。",
    of_health="多数种子有严重问题的配置排在健康配置之后。",
    rank="名次",
    configuration="配置",
    seeds="种子数",
    successes="成功次数",
    train_loss="训练损失",
    loss_rank="仅按损失的名次",
    tied="无法区分于",
    critical="严重问题",
    pareto="帕累托前沿",
    more_rows="其余 {n} 个配置见 `report.json`。",
    states={
        "pending": "未开始",
        "running": "运行中",
        "completed": "完成",
        "stopped": "提前停止",
        "failed": "失败",
    },
    neighbours="相邻名次能否区分",
    pair="名次",
    difference="差",
    p_value="p（Holm）",
    test="检验",
    verdict="判断",
    told_apart="可以区分",
    not_told_apart="无法区分",
    needed="要区分还需",
    needed_seeds="各 {n} 个种子",
    needed_many="各超过 {n} 个种子",
    needed_rollouts="各 {n} 次评估",
    same_episodes="相同评估局（McNemar）",
    same_episodes_cell="{wins} : {losses}（共 {pairs}），p={p}",
    confirmed="全新回合的验证",
    how_confirmed=(
        "众多配置中的最优者也是运气最好的，选中它的数值因此偏高。以下回合未参与任何选择。"
        "每个回合在该配置的训练种子中随机抽取一个策略；无论查看多少次，95 % 区间都成立。"
        "所有比较与查看合计的错误率为 {alpha}；e 值达到 {bound} 即判定胜负。"
    ),
    chosen_by="选中依据 {metric}",
    then="选中时的成功次数",
    fresh="全新回合的成功次数",
    change="变化（百分点）",
    beaten_by="负于",
    wins_only="仅一方成功",
    both="均成功",
    neither="均失败",
    evidence_for="e 值",
    decision="判定",
    wins="#{n} 胜",
    undecided="未定",
    runs="各次实验",
    runs_folded="{n} 次实验：每个指标的首、末、最优值",
    more_runs="其余 {n} 次见 `report.json`。",
    failed_run="失败",
    curves="学习曲线",
    findings="诊断与结论",
    evidence="证据",
    run="实验",
    in_runs="见于 {total} 次实验中的 {n} 次：{names}。",
    more_findings="其余 {n} 次见 `report.json`。",
    suggestion="建议",
    source="来源",
    why_ot="为什么 ot_loss 不是单调下降？",
    hypotheses="假设检验",
    claim="假设",
    judgements={"supported": "支持", "refuted": "否定", "undecided": "未定"},
    expectations={"increase": "上升", "decrease": "下降", "no_effect": "不变"},
    expected="预期：{param} 增大时 {metric} {expect}",
    expected_levels="预期：{param} 从 {low} 变为 {high} 时 {metric} {expect}",
    importance="参数重要性",
    parameter="参数",
    share="占 {metric} 变化的比例",
    next_steps="下一步建议",
    ops={"set": "设为 {value}", "multiply": "乘以 {value}", "add": "加 {value}"},
    for_runs="适用于 {runs}",
    because="依据",
    next_stage="`ilsweep next` 所做的修改：",
    where="位置",
    before="原值",
    after="新值",
    reason="理由",
    provenance="如何复现",
    facts={
        "command": "命令",
        "commit": "提交",
        "host": "主机",
        "platform": "平台",
        "cpus": "CPU 数",
        "started": "开始",
        "ended": "结束",
        "seeds": "随机种子",
        "data": "数据",
        "versions": "版本",
    },
    update="实验记录更新（{time}）",
    note="说明",
)

WORDS: dict[Lang, Words] = {"en": EN, "zh": ZH}
