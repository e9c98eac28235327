// Curves of training, and paths of the end effector from above.
const WIDE = 280, HIGH = 190, LEFT = 48;

// A figure whose caption leads to the episodes of a configuration, where it is that of one.
function frame(caption, config = null) {
  const svg = make("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img" });
  return [svg, make("figure", {}, make("figcaption", {}, config ? toEpisodes(config, caption) : caption), svg)];
}

function line(points, x, y, attributes) {
  const steps = points.map(([a, b], i) => `${i ? "L" : "M"}${x(a).toFixed(1)} ${y(b).toFixed(1)}`);
  return make("path", { d: steps.join(""), ...attributes });
}

function short(value) {
  return Number(value.toPrecision(3)).toString();
}

function drawCurves(holder) {
  for (const { metric, lines } of data.curves) {
    const all = lines.flatMap((one) => one.points);
    const values = all.map((point) => point[1]);
    const low = Math.min(...values), high = Math.max(...values);
    const log = low > 0 && high / low > 20;
    const tall = (value) => (log ? Math.log10(value) : value);
    const last = Math.max(...all.map((point) => point[0]));
    const x = scale(0, last, LEFT, WIDE - 8);
    const level = scale(tall(low), tall(high), HIGH - 24, 10);
    const [svg, figure] = frame(metric);
    svg.append(make("path", { class: "axis", d: `M${LEFT} 6V${HIGH - 20}H${WIDE - 4}` }));
    svg.append(make("text", { x: LEFT - 4, y: 16, "text-anchor": "end" }, short(high)),
      make("text", { x: LEFT - 4, y: HIGH - 22, "text-anchor": "end" }, short(low)),
      make("text", { x: WIDE - 6, y: HIGH - 6, "text-anchor": "end" }, String(last)));
    for (const one of [...lines].reverse())
      svg.append(line(one.points, x, (value) => level(tall(value)),
        { class: "line", "data-config": one.config, stroke: colourOf(one.config), ...pointing(one.config),
          click: () => showConfig(one.config) }));
    holder.append(figure);
  }
}

function drawPaths(holder) {
  const flat = (path) => path.points.map((point) => [point[0], point[1]]);
  const all = [...data.paths.flatMap(flat), ...data.trials.flatMap((trial) => trial.predicted.paths.flat())];
  const ends = [0, 1].map((axis) => all.map((point) => point[axis])).map((v) => [Math.min(...v), Math.max(...v)]);
  const room = [WIDE - 20, HIGH - 20]; // one scale for both directions, in the middle
  const zoom = Math.min(...ends.map(([low, high], axis) => room[axis] / (high - low || 1)));
  const middle = ends.map(([low, high]) => (low + high) / 2);
  const x = (value) => WIDE / 2 + zoom * (value - middle[0]);
  const y = (value) => HIGH / 2 - zoom * (value - middle[1]);
  const shown = data.paths.filter((path) => path.variant === "demonstration");
  const kept = data.variants.filter(({ name }) => name === "none" || name === "target");
  const variants = kept.length ? kept : [{ name: "none", label: { en: "", zh: "" } }];
  for (const [place, trial] of data.trials.entries())
    for (const { name, label } of variants) {
      const own = data.paths.filter((path) => path.trial === place && path.variant === name);
      const predicted = name === "none" ? trial.predicted.paths : [];
      if (!own.length && !predicted.length) continue;
      const caption = document.createDocumentFragment();
      caption.append(both(trial.label), ...(variants.length > 1 ? [", ", both(label)] : []));
      const [svg, figure] = frame(caption, trial.config);
      for (const path of shown) svg.append(line(flat(path), x, y, { class: "shown" }));
      for (const points of predicted) svg.append(line(points, x, y, { class: "predicted" }));
      for (const path of own) svg.append(line(flat(path), x, y, { class: path.success ? "won" : "lost" }));
      holder.append(figure);
    }
}

for (const [id, draw] of [["curve-charts", drawCurves], ["path-charts", drawPaths]]) {
  const holder = document.getElementById(id);
  if (holder) draw(holder);
}
