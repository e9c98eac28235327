// The grid of episodes, films that play in step, and two configurations on the same start.
const found = new Map(data.episodes.map((episode) => [`${episode.trial}/${episode.variant}/${episode.seed}`, episode]));
const [FIRST_SEED] = extent(data.episodes.map((episode) => episode.seed));
let variant = data.variants.length ? data.variants[0].name : "none";

function address(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes], { type: "video/mp4" }));
}

function sign(episode) {
  return `${episode.success ? "✓" : "✗"} ${episode.steps}`;
}

// A picture of an episode that becomes its film when it is played; without a film it is no button,
// without a picture, or where it is to be small, a square.
function film(episode, small = false) {
  if (!episode) return null;
  const bare = small || !(episode.film || episode.still), won = episode.success, played = episode.film && !small;
  const box = make(played ? "button" : "span", { type: played ? "button" : null, role: played ? null : "img",
    class: `film ${won ? "won" : "lost"} ${bare ? "bare" : ""}`, title: `seed ${episode.seed}: ${sign(episode)}`,
    "aria-label": `${data.words[won ? "success" : "failure"][root.dataset.lang]} ${episode.steps}` });
  box.episode = episode;
  if (episode.still && !small) box.append(make("img", { src: `data:image/jpeg;base64,${episode.still}`, alt: "" }));
  box.append(make("span", { class: "sign" }, bare ? sign(episode)[0] : sign(episode)));
  if (played) box.addEventListener("click", () => play([box]));
  return box;
}

function videoOf(box) {
  if (!box?.episode.film) return null;
  let video = box.querySelector("video");
  if (!video) {
    video = make("video", { playsinline: "" });
    video.muted = true;
    video.src = address(box.episode.film);
    const still = box.querySelector("img");
    if (still) still.replaceWith(video); else box.prepend(video);
  }
  return video;
}

// From the beginning, all at once: a film's time is counted in actions, so that they are in step.
async function play(boxes) {
  const videos = boxes.map(videoOf).filter((video) => video !== null);
  for (const video of videos) video.pause();
  await Promise.all(videos.map((video) => new Promise((ready) => {
    const go = () => { video.currentTime = 0; ready(); };
    if (video.readyState >= 2) go();
    else { video.addEventListener("loadeddata", go, { once: true }); video.addEventListener("error", ready, { once: true }); video.load(); }
  })));
  for (const video of videos) video.play().catch(() => {});
}

// Plays boxes in step; nothing where none has a film.
function playButton(boxes) {
  if (!boxes().some((box) => box?.episode.film)) return null;
  return make("button", { type: "button", class: "play", "aria-label": data.words.play[root.dataset.lang], click: () => play(boxes()) }, "▶");
}

function drawTabs() {
  const tabs = document.getElementById("variants");
  if (data.variants.length < 2) return;
  tabs.replaceChildren(...data.variants.map(({ name, label }) => make("button", { type: "button", role: "tab",
    "aria-selected": String(name === variant), "data-variant": name, click: () => { variant = name; drawTabs(); drawGrid(); } }, both(label))));
}

// How many of a policy's episodes succeeded, beside its name.
function counted(boxes) {
  const known = boxes.filter((box) => box);
  return make("small", {}, ` ${known.filter((box) => box.episode.success).length}/${known.length} `);
}

function drawGrid() {
  const seeds = [...new Set(data.episodes.filter((e) => e.variant === variant).map((e) => e.seed))].sort((a, b) => a - b);
  const rows = data.trials.map((trial, place) => ({ trial, place, boxes: seeds.map((seed) => film(found.get(`${place}/${variant}/${seed}`))) }))
    .filter(({ boxes }) => boxes.some((box) => box));
  const head = make("tr", {}, make("th"), ...seeds.map((seed, column) => make("th", { title: `seed ${seed}` },
    make("span", {}, seed - FIRST_SEED), playButton(() => rows.map((row) => row.boxes[column])))));
  const body = make("tbody", {}, ...rows.map(({ trial, place, boxes }) => make("tr", { tabindex: -1, "data-config": trial.config, "data-trial": place, ...pointing(trial.config) },
    make("th", {}, both(trial.label), counted(boxes), playButton(() => boxes)), ...boxes.map((box) => make("td", {}, box)))));
  document.getElementById("grid").replaceChildren(make("thead", {}, head), body);
}

// A configuration's first row, or that of one of its trials, in the variant that is shown; as it is
// where that variant was not tried with it.
function showConfig(config, place = null) {
  const which = place === null ? `[data-config="${CSS.escape(config)}"]` : `[data-trial="${place}"]`;
  const find = () => document.querySelector(`#grid tr${which}`);
  if (!find()) { variant = data.variants[0].name; drawTabs(); drawGrid(); }
  const row = find();
  if (!row) return false;
  const first = document.getElementById("first");
  if (first) { first.value = config; drawPairs(); }
  row.scrollIntoView({ block: "center" });
  row.focus({ preventScroll: true });
  return true;
}

// The episodes of two configurations, training seed by training seed; those that differ first, and
// of these such with pictures.
function pairsOf(first, second) {
  const of = (config) => data.trials.map((trial, place) => ({ ...trial, place })).filter((trial) => trial.config === config);
  const pairs = [];
  for (const a of of(first))
    for (const b of of(second).filter((trial) => trial.seed === a.seed))
      for (const one of data.episodes.filter((e) => e.trial === a.place && ["none", "target"].includes(e.variant))) {
        const other = found.get(`${b.place}/${one.variant}/${one.seed}`);
        if (other) pairs.push({ one, other, seed: a.seed, differ: one.success !== other.success, seen: Boolean(one.still && other.still) });
      }
  const weight = (pair) => (pair.differ ? 0 : 2) + (pair.seen ? 0 : 1);
  return pairs.sort((p, q) => weight(p) - weight(q));
}

function named(text, box, kind = "") {
  return make("figure", { class: kind }, box, make("figcaption", {}, text));
}

function lesionOf(config, label) {
  const text = document.createDocumentFragment();
  text.append(`${config}: `, both(label));
  return text;
}

const MOST_PAIRS = 6, MOST_SMALL = 32;

function start(pair) {
  return `seed ${pair.one.seed - FIRST_SEED}, s${pair.seed}`;
}

// Two episodes with pictures, and the first one's under lesions.
function pairPicture(pair, first, second) {
  const { one, other, differ } = pair, boxes = [film(one), film(other)];
  const lesions = one.variant === "none" ? data.variants.filter(({ name }) => name !== "none" && name !== "target") : [];
  const more = lesions.map(({ name, label }) => [label, film(found.get(`${one.trial}/${name}/${one.seed}`))]).filter((e) => e[1]);
  const about = data.variants.find(({ name }) => name === one.variant).label;
  return make("div", { class: "pair" },
    make("div", { class: "seed" }, make("div", { class: differ ? "differ" : "" }, both(differ ? "differ" : "same")),
      make("div", {}, start(pair)), make("div", {}, both(about)),
      playButton(() => [...boxes, ...more.map((e) => e[1])])),
    named(first, boxes[0]), named(second, boxes[1]),
    ...more.map(([label, box]) => named(lesionOf(first, label), box, "lesion")));
}

function drawPairs() {
  const [first, second] = ["first", "second"].map((id) => document.getElementById(id).value);
  const pairs = pairsOf(first, second), differ = pairs.filter((pair) => pair.differ), one = differ.filter((pair) => pair.one.success).length;
  const large = pairs.filter((pair) => pair.seen).slice(0, MOST_PAIRS), small = differ.filter((pair) => !large.includes(pair)).slice(0, MOST_SMALL);
  document.getElementById("pairs").replaceChildren(
    make("p", {}, both("differing", { n: differ.length, all: pairs.length, one, other: differ.length - one, first, second })),
    ...large.map((pair) => pairPicture(pair, first, second)),
    make("div", { class: "small-pairs" }, ...small.map((pair) => make("span", { title: `${first} / ${second}` }, start(pair), " ", film(pair.one, true), film(pair.other, true)))));
}

// A trial that the report names leads to its episodes.
function linkTrials() {
  const places = new Map(data.trials.map((trial, place) => [trial.id, place]));
  for (const cell of document.querySelectorAll(".text td, .text code, #answer code")) {
    const place = places.get(cell.textContent);
    if (place === undefined || cell.childElementCount) continue;
    const show = () => showConfig(data.trials[place].config, place);
    cell.replaceChildren(make("a", { href: "#episodes", click: (event) => { if (show()) event.preventDefault(); } }, cell.textContent));
  }
}

// A count under a lesion leads to the episodes that it counts.
function linkLesions() {
  for (const said of document.querySelectorAll("[data-lesion]")) {
    const { lesion, of } = said.dataset;
    if (!data.episodes.some((episode) => episode.variant === lesion && data.trials[episode.trial].config === of)) continue;
    const link = make("a", { href: "#episodes", click: (event) => {
      variant = lesion; drawTabs(); drawGrid();
      if (showConfig(of)) event.preventDefault();
    } }, ...said.childNodes);
    said.append(link);
  }
}

if (data.episodes.length) {
  drawTabs();
  drawGrid();
  linkTrials();
  linkLesions();
}
if (document.getElementById("pairs")) {
  const configs = [...new Set(data.trials.map((trial) => trial.config))];
  const other = configs.slice(1).find((config) => pairsOf(configs[0], config).some((pair) => pair.differ));
  for (const [id, chosen] of [["first", configs[0]], ["second", other || configs[1] || configs[0]]]) {
    const select = document.getElementById(id);
    select.append(...configs.map((config) => make("option", { value: config }, config)));
    select.value = chosen;
    select.addEventListener("change", drawPairs);
  }
  drawPairs();
}
