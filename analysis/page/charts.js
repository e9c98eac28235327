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

function drawCurves(holder) {
  for (const { metric, lines } of data.curves) {
    const all = lines.flatMap((one) => one.points);
    const [low, high] = extent(all.map((point) => point[1]));
    const log = low > 0 && high / low > 20;
    const tall = (value) => (log ? Math.log10(value) : value);
    const [, last] = extent(all.map((point) => point[0]));
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

// Both directions to one scale, on what is demonstrated with half as much around it.
function seenFromAbove(drawn, shown) {
  const ends = [0, 1].map((axis) => {
    const [low, high] = extent(drawn.flat().map((point) => point[axis]));
    if (!shown.length) return [low, high];
    const [from, to] = extent(shown.flat().map((point) => point[axis])), room = (to - from) / 2;
    return [Math.max(low, from - room), Math.min(high, to + room)];
  });
  const zoom = Math.min(...ends.map(([low, high], axis) => ([WIDE, HIGH][axis] - 20) / (high - low || 1)));
  const middle = ends.map(([low, high]) => (low + high) / 2);
  return [(value) => WIDE / 2 + zoom * (value - middle[0]), (value) => HIGH / 2 - zoom * (value - middle[1])];
}

function drawPaths(holder) {
  const flat = (path) => path.points.map((point) => [point[0], point[1]]);
  const kept = data.variants.filter(({ name }) => name === "none" || name === "target");
  const variants = kept.length ? kept : [{ name: "none", label: { en: "", zh: "" } }];
  const own = (place, name) => data.paths.filter((path) => path.trial === place && path.variant === name);
  const shown = data.paths.filter((path) => path.variant === "demonstration").map(flat);
  const predicted = data.trials.flatMap((trial) => trial.predicted.paths);
  const drawn = variants.flatMap(({ name }) => data.trials.flatMap((_, place) => own(place, name).map(flat)));
  const [x, y] = seenFromAbove([...shown, ...predicted, ...drawn], shown);
  const put = folding(holder);
  const picture = (trial, place, about, parts) => {
    const first = data.trials.findIndex(({ config }) => config === trial.config) === place;
    const caption = document.createDocumentFragment();
    caption.append(both(trial.label), ...(about ? [", ", both(about)] : []));
    const [svg, figure] = frame(caption, trial.config);
    svg.append(...shown.map((points) => line(points, x, y, { class: "shown" })), ...parts);
    put(figure, trial.config, first);
  };
  for (const [place, trial] of data.trials.entries()) {
    for (const { name, label } of variants) {
      const paths = own(place, name), kind = (path) => (path.success ? "won" : "lost");
      const ended = (path) => { const [a, b] = path.points.at(-1); return make("circle", { class: kind(path), cx: x(a), cy: y(b), r: 2.5 }); };
      if (paths.length) picture(trial, place, variants.length > 1 && label, [...paths.map((path) => line(flat(path), x, y, { class: kind(path) })), ...paths.map(ended)]);
    }
    if (trial.predicted.paths.length) picture(trial, place, "predicted_here", trial.predicted.paths.map((points) => line(points, x, y, { class: "predicted" })));
  }
}

for (const [id, draw] of [["curve-charts", drawCurves], ["path-charts", drawPaths]]) {
  const holder = document.getElementById(id);
  if (holder) draw(holder);
}
