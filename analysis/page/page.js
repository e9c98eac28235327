"use strict";
// The page's switches, its ranking, and what its parts share. All data stand in #data.
const data = JSON.parse(document.getElementById("data").textContent);
const root = document.documentElement;
const OPEN = 8;
const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"];

// An element: make("td", {class: "name"}, child, child ...); texts are texts, never HTML.
function make(tag, attributes = {}, ...children) {
  const drawn = ["svg", "path", "line", "circle", "text", "title", "g", "rect"].includes(tag);
  const space = drawn ? document.querySelector("svg").namespaceURI : null; // no address in the page
  const element = space ? document.createElementNS(space, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// A text in both languages, of which the style shows one; `values` fill its places.
function both(text, values = {}) {
  const word = typeof text === "string" ? data.words[text] : text;
  const filled = (said) => said.replace(/{(\w+)}/g, (place, name) => Object.hasOwn(values, name) ? values[name] : place);
  const parts = document.createDocumentFragment();
  for (const lang of ["en", "zh"]) parts.append(make("span", { lang }, filled(word[lang])));
  return parts;
}

// Puts figures into a holder: a configuration's first where it is one of the best, all others folded.
function folding(holder) {
  const more = make("details", {}, make("summary", {}, both("further")), make("div", { class: "charts" }));
  return (figure, config, first) => {
    const open = first && data.ranking.findIndex((row) => row.config === config) < OPEN;
    (open ? holder : more.lastChild).append(figure);
    if (!open) holder.append(more);
  };
}

function colourOf(config) {
  const place = data.ranking.findIndex((row) => row.config === config);
  return place >= 0 && place < COLOURS.length ? COLOURS[place] : "#8a949e";
}

function setLanguage(lang) {
  root.dataset.lang = root.lang = lang;
  document.getElementById("switch-lang").textContent = lang === "en" ? "中文" : "English";
}

// What is pointed at stands out in table, grid and curves.
function strengthen(config) {
  for (const element of document.querySelectorAll("[data-config]"))
    element.classList.toggle("strong", config !== null && element.dataset.config === config);
  const curves = document.getElementById("curve-charts");
  if (curves) curves.classList.toggle("has-strong", config !== null);
}

function pointing(config) {
  return {
    mouseenter: () => strengthen(config), mouseleave: () => strengthen(null),
    focusin: () => strengthen(config), focusout: () => strengthen(null),
  };
}

// A link to a configuration's episodes; the text alone where there are none.
function toEpisodes(config, ...text) {
  if (!data.episodes.some((episode) => data.trials[episode.trial].config === config)) return make("span", {}, ...text);
  return make("a", { href: "#episodes", click: (event) => { if (showConfig(config)) event.preventDefault(); } }, ...text);
}

function short(value) {
  const size = Math.abs(value);
  return size && (size < 1e-3 || size >= 1e5) ? value.toExponential(1) : Number(value.toPrecision(3)).toString();
}

// The smallest and the largest of any number of values.
function extent(values) {
  return values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
}

function scale(low, high, from, to) {
  const size = high - low || 1;
  return (value) => from + ((value - low) / size) * (to - from);
}

// The ends of the scale of all rows.
function scalePicture(low, high, width) {
  const svg = make("svg", { width, height: 14, viewBox: `0 0 ${width} 14`, class: "block" });
  svg.append(make("text", { x: 8, y: 11 }, short(low)), make("text", { x: width - 8, y: 11, "text-anchor": "end" }, short(high)));
  return svg;
}

// The interval over seeds of a row, on the scale of all rows.
function intervalPicture(row, x, width) {
  const svg = make("svg", { width, height: 20, viewBox: `0 0 ${width} 20`, role: "img" });
  svg.append(make("line", { class: "axis", x1: 4, x2: width - 4, y1: 10, y2: 10 }));
  if (row.interval)
    svg.append(make("line", { class: "bar", x1: x(row.interval[0]), x2: x(row.interval[1]), y1: 10, y2: 10 }));
  if (row.value !== null) svg.append(make("circle", { class: "mean", cx: x(row.value), cy: 10, r: 4.5 }));
  row.values.forEach((value, seed) => {
    const place = data.trials.findIndex((trial) => trial.id === row.trials[seed]);
    const way = place < 0 ? {} : { role: "link", click: () => showConfig(row.config, place) };
    svg.append(make("circle", { class: "dot", cx: x(value), cy: 10, r: 3, ...way }, make("title", {}, `${row.trials[seed] || ""} ${short(value)}`)));
  });
  return svg;
}

function drawRanking() {
  const table = document.getElementById("ranks");
  if (!table) return;
  const seen = data.ranking.flatMap((row) => [...row.values, ...(row.interval || [])]);
  const width = 260;
  const ends = extent(seen);
  const x = scale(...ends, 8, width - 8);
  const count = (row) => (row.successes ? `${row.successes[0]}/${row.successes[1]}` : "");
  table.append(make("thead", {}, make("tr", {}, make("th", {}, "#"), make("th", {}, both("configuration")),
    make("th", {}, data.metric), make("th", {}, both("interval"), seen.length ? scalePicture(...ends, width) : null), make("th", {}, both("successes")))));
  const body = make("tbody");
  for (const row of data.ranking) {
    const name = make("td", { class: "name" }, toEpisodes(row.config, make("code", {}, row.config)), " ", row.settings);
    if (row.critical.length) name.append(" ", make("small", { class: "ill" }, row.critical.join(", ")));
    const swatch = make("svg", { width: 12, height: 12 }, make("rect", { width: 12, height: 12, rx: 3, fill: colourOf(row.config) }));
    body.append(make("tr", { "data-config": row.config, ...pointing(row.config) },
      make("td", {}, swatch, ` ${row.rank}`), name, make("td", {}, toEpisodes(row.config, row.text)),
      make("td", {}, seen.length ? intervalPicture(row, x, width) : null), make("td", {}, toEpisodes(row.config, count(row)))));
  }
  table.append(body);
}

document.getElementById("switch-lang").addEventListener("click", () => setLanguage(root.dataset.lang === "en" ? "zh" : "en"));
document.getElementById("switch-theme").addEventListener("click", () => {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});
addEventListener("beforeprint", () => { for (const folded of document.querySelectorAll("details")) folded.open = true; });
setLanguage((navigator.language || "en").startsWith("zh") ? "zh" : "en");
drawRanking();
