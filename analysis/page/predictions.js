// What the policies predict: each number of the actions against the demonstrated ones, and the
// transport plan over the two domains.
const NAMED = 110, ROW = 16, SLACK = 0.02;

// Demonstrated above (grey), predicted below; thick from 5 to 95 %, thin from end to end.
function drawRanges(actions) {
  const svg = make("svg", { viewBox: `0 0 ${WIDE} ${actions.length * ROW + 4}`, role: "img" });
  actions.forEach(({ name, label, unit, shown, predicted }, place) => {
    const y = place * ROW + 4, slack = SLACK * (shown[3] - shown[0] || Math.abs(shown[3]) || 1);
    const low = shown[0] - slack, high = shown[3] + slack; // a constant has a width, too
    const x = scale(Math.min(low, predicted[0]), Math.max(high, predicted[3]), NAMED, WIDE - 6);
    const beyond = predicted[0] < low || predicted[3] > high;
    const bars = [[shown, y + 3, "range-shown"], [predicted, y + 9, beyond ? "range-beyond" : "range-predicted"]];
    const row = make("g", {}, make("title", {}, `${name} (${unit}): ${shown.map(short).join(", ")} | ${predicted.map(short).join(", ")}`),
      make("text", { x: NAMED - 6, y: y + 10, "text-anchor": "end" }, label));
    for (const [q, level, kind] of bars)
      row.append(make("line", { class: kind, x1: x(q[0]), x2: x(q[3]), y1: level, y2: level, "stroke-width": 1.2 }),
        make("line", { class: kind, x1: x(q[1]), x2: x(q[2]), y1: level, y2: level, "stroke-width": 4 }));
    svg.append(row);
  });
  return svg;
}

// Source downwards, target to the right, from the beginning of an episode to its end.
function drawPlan(plan) {
  const canvas = make("canvas", { class: "plan", width: plan[0].length, height: plan.length, role: "img" });
  const context = canvas.getContext("2d"), most = Math.max(...plan.flat()) || 1;
  plan.forEach((row, y) => row.forEach((mass, x) => {
    context.fillStyle = `rgba(0, 114, 178, ${mass / most})`;
    context.fillRect(x, y, 1, 1);
  }));
  return canvas;
}

function drawPredictions(holder) {
  const put = folding(holder);
  for (const { config, label, predicted } of data.trials) {
    if (!predicted.actions.length && !predicted.plan.length) continue;
    const figure = make("figure", { "data-config": config, ...pointing(config) }, make("figcaption", {}, toEpisodes(config, both(label))));
    if (predicted.actions.length) figure.append(drawRanges(predicted.actions));
    if (predicted.plan.length) figure.append(make("small", {}, both("plan")), drawPlan(predicted.plan));
    put(figure, config, true);
  }
}

{
  const holder = document.getElementById("prediction-charts");
  if (holder) drawPredictions(holder);
}
