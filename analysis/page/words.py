"""What the page says by itself; all that is concluded comes from the report's own sections."""

from __future__ import annotations

from ilsweep.analysis.text import Text

WORDS: dict[str, Text] = {
    "theme": Text("light / dark", "浅色 / 深色"),
    "lights": Text(
        "Could this sweep have seen success and failure?", "本次搜索能否看到成功与失败？"
    ),
    "no_lights": Text("The controls were not run.", "未运行对照。"),
    "visible": Text(
        "The smallest difference between neighbours that such a table shows in 80 % of cases: "
        "{value} ({metric}).",
        "此类表格有 80 % 机会显现的最小相邻差别：{value}（{metric}）。",
    ),
    "ranking": Text("Ranking", "排名"),
    "interval": Text("95 % interval over seeds, dots: seeds", "跨种子 95 % 区间，圆点：各种子"),
    "configuration": Text("configuration", "配置"),
    "successes": Text("successes", "成功次数"),
    "lesioned": Text(
        "Success of {config} where a part of what it sees is changed:",
        "{config} 所见被部分改变时的成功：",
    ),
    "all_of_ranking": Text(
        "The whole table, and which neighbours differ", "完整表格与相邻名次的区分"
    ),
    "episodes": Text("Episodes", "回合"),
    "no_episodes": Text(
        "No episodes were kept: an earlier version ran this, the runs are imported, or the trainer "
        "has no environment.",
        "没有保存回合：由早期版本运行、为导入的实验，或训练器没有仿真环境。",
    ),
    "rows": Text(
        "A row is a policy (configuration and training seed), a column an evaluation seed: the "
        "same start for all.",
        "每行为一个策略（配置与训练种子），每列为一个评估种子，起始状态相同。",
    ),
    "lesions": Text(
        "A row is what the policy sees, a column a seed: the same start for all.",
        "每行为策略所见，每列为一个种子，起始状态相同。",
    ),
    "outcomes": Text("Green succeeded, red failed.", "绿色成功，红色失败。"),
    "how": Text(
        "Click a picture, or Enter, to play it; the triangle plays a row or a column in step.",
        "点击图片或按 Enter 播放；三角形同步播放一行或一列。",
    ),
    "no_films": Text(
        "No films were kept: the policies look at no images, and none were drawn in the time for "
        "films; or the films lie elsewhere.",
        "没有影片：策略不看图像，且没有时间另行绘制；或影片未与记录一同保存。",
    ),
    "stills": Text(
        "The pictures show the last moment; the films are not kept with these records.",
        "图片为最后一刻；影片未与这些记录一同保存。",
    ),
    "left_out": Text(
        "{n} films lie beside the records only (`trials/ID/episodes/`).",
        "另有 {n} 段影片仅存于记录旁（`trials/ID/episodes/`）。",
    ),
    "unshown": Text(
        "Those of {n} configurations further down lie beside the records only.",
        "另有 {n} 个名次靠后的配置，其回合仅存于记录旁。",
    ),
    "play": Text("play in step", "同步播放"),
    "success": Text("success", "成功"),
    "failure": Text("failure", "失败"),
    "compare": Text("Two configurations on the same start", "两个配置在相同起始状态"),
    "differ": Text("they differ", "结果不同"),
    "same": Text("same outcome", "结果相同"),
    "differing": Text(
        "They differ in {n} of {all} episodes: {one} that only {first} solves, {other} that only "
        "{second} does.",
        "{all} 个回合中有 {n} 个结果不同：{one} 个仅 {first} 成功，{other} 个仅 {second} 成功。",
    ),
    "paths": Text("Paths of the end effector, from above", "末端执行器路径，俯视"),
    "paths_how": Text(
        "Grey: demonstrations. Green and red: what the policy did in episodes that succeeded and "
        "failed; a dot is where it ended. Paths that are all alike, over starts that are not, are "
        "those of a policy that does not look.",
        "灰色：示范。绿色与红色：策略在成功与失败回合中的路径，圆点为终点。"
        "起始状态不同而路径雷同，说明策略不看图像。",
    ),
    "predicted_paths": Text(
        "Blue, in a picture of its own: where the policy's actions would go from frames of the "
        "demonstrations on.",
        "蓝色（单独成图）：从示范的若干帧出发，策略预测的动作将经过的路径。",
    ),
    "predictions": Text("What the policy predicts", "策略的预测"),
    "predictions_how": Text(
        "Each number of the actions, on frames of the demonstrations: grey demonstrated, blue "
        "predicted, red where that leaves the demonstrated range by 2 % of it. Thick: 5 to 95 %.",
        "示范各帧上动作的每一维：灰色为示范，蓝色为预测，"
        "超出示范范围 2 % 以上时为红色。粗线：5 % 至 95 %。",
    ),
    "plan_how": Text(
        "The square is the transport plan: a row is a part of the source's episodes, a column one "
        "of the target's, from their beginning on; the stronger the colour, the more mass.",
        "方块为传输方案：行为源域回合的各段，列为目标域回合的各段，自起点起；颜色越浓，质量越多。",
    ),
    "plan": Text("transport plan", "传输方案"),
    "paths_short": Text("Paths", "路径"),
    "further": Text("Further configurations and training seeds", "其余配置与训练种子"),
    "predicted_here": Text("predicted", "预测"),
    "curves": Text("Curves", "曲线"),
    "more": Text("Findings and next steps", "诊断与后续"),
    "curves_how": Text(
        "Over training steps. Point at a line or a row of the ranking: it stands out everywhere.",
        "横轴为训练步数。指向曲线或排名中的一行，各处同时突出显示。",
    ),
}
