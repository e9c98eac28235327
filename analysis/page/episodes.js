// The grid of episodes, films that play in step, and two configurations on the same start.
const found = new Map(data.episodes.map((episode) => [`${episode.trial}/${episode.variant}/${episode.seed}`, episode]));
const FIRST_SEED = Math.min(...data.episodes.map((episode) => episode.seed));
let variant = data.variants.length ? data.variants[0].name : "none";

function address(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes], { type: "video/mp4" }));
}

function sign(episode) {
  return `${episode.success ? "✓" : "✗"} ${episode.steps}`;
}

// A picture of an episode that becomes its film when it is played; without a film it is no button.
function film(episode) {
  if (!episode) return make("span", { class: "film" }, "");
  const box = make(episode.film ? "button" : "span", { type: episode.film ? "button" : null, role: episode.film ? null : "img",
    class: `film ${episode.success ? "won" : "lost"}`, title: `seed ${episode.seed}`,
    "aria-label": `${data.words[episode.success ? "success" : "failure"][root.dataset.lang]} ${episode.steps}` });
  box.episode = episode;
  if (episode.still) box.append(make("img", { src: `data:image/jpeg;base64,${episode.still}`, alt: "" }));
  box.append(make("span", { class: "sign" }, sign(episode)));
  if (episode.film) box.addEventListener("click", () => play([box]));
  return box;
}

function videoOf(box) {
  if (!box.episode || !box.episode.film) return null;
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
  if (!boxes().some((box) => box.episode && box.episode.film)) return null;
  return make("button", { type: "button", class: "play", "aria-label": data.words.play[root.dataset.lang], click: () => play(boxes()) }, "▶");
}

function drawTabs() {
  const tabs = document.getElementById("variants");
  if (data.variants.length < 2) return;
  tabs.replaceChildren(...data.variants.map(({ name, label }) => make("button", { type: "button", role: "tab",
    "aria-selected": String(name === variant), "data-variant": name, click: () => { variant = name; drawTabs(); drawGrid(); } }, both(label))));
}

function drawGrid() {
  const seeds = [...new Set(data.episodes.filter((e) => e.variant === variant).map((e) => e.seed))].sort((a, b) => a - b);
  const rows = data.trials.map((trial, place) => ({ trial, boxes: seeds.map((seed) => film(found.get(`${place}/${variant}/${seed}`))) }));
  const head = make("tr", {}, make("th"), ...seeds.map((seed, column) => make("th", { title: `seed ${seed}` },
    `${seed - FIRST_SEED} `, playButton(() => rows.map((row) => row.boxes[column])))));
  const body = make("tbody", {}, ...rows.map(({ trial, boxes }) => make("tr", { tabindex: -1, "data-config": trial.config, ...pointing(trial.config) },
    make("th", {}, both(trial.label), " ", playButton(() => boxes)), ...boxes.map((box) => make("td", {}, box)))));
  document.getElementById("grid").replaceChildren(make("thead", {}, head), body);
}

function showConfig(config) {
  return showRow(config, document.querySelector(`#grid tr[data-config="${CSS.escape(config)}"]`));
}

function showRow(config, row) {
  if (!row) return false;
  const first = document.getElementById("first");
  if ([...first.options].some((option) => option.value === config)) { first.value = config; drawPairs(); }
  row.scrollIntoView({ block: "center" });
  row.focus({ preventScroll: true });
  return true;
}

// The episodes of two configurations, training seed by training seed, those that differ first.
function pairsOf(first, second) {
  const of = (config) => data.trials.map((trial, place) => ({ ...trial, place })).filter((trial) => trial.config === config);
  const pairs = [];
  for (const a of of(first))
    for (const b of of(second).filter((trial) => trial.seed === a.seed))
      for (const one of data.episodes.filter((e) => e.trial === a.place && ["none", "target"].includes(e.variant))) {
        const other = found.get(`${b.place}/${one.variant}/${one.seed}`);
        if (other) pairs.push({ one, other, seed: a.seed, differ: one.success !== other.success });
      }
  const weight = (pair) => (pair.differ ? 0 : 2) + (pair.one.film && pair.other.film ? 0 : 1);
  return pairs.sort((p, q) => weight(p) - weight(q)).slice(0, 12);
}

function named(text, box, kind = "") {
  return make("figure", { class: kind }, box, make("figcaption", {}, text));
}

function lesionOf(config, label) {
  const text = document.createDocumentFragment();
  text.append(`${config}: `, both(label));
  return text;
}

function drawPairs() {
  const [first, second] = ["first", "second"].map((id) => document.getElementById(id).value);
  const lesions = data.variants.filter(({ name }) => name !== "none" && name !== "target");
  document.getElementById("pairs").replaceChildren(...pairsOf(first, second).map(({ one, other, seed, differ }) => {
    const boxes = [film(one), film(other)];
    const under = one.variant === "none" ? lesions.map(({ name, label }) => [label, found.get(`${one.trial}/${name}/${one.seed}`)]).filter((e) => e[1]) : [];
    const more = under.map(([label, episode]) => [label, film(episode)]);
    const about = data.variants.find(({ name }) => name === one.variant).label;
    return make("div", { class: "pair" },
      make("div", { class: "seed" }, make("div", { class: differ ? "differ" : "" }, both(differ ? "differ" : "same")),
        make("div", {}, `seed ${one.seed - FIRST_SEED}, s${seed}`), make("div", {}, both(about)),
        playButton(() => [...boxes, ...more.map((e) => e[1])])),
      named(first, boxes[0]), named(second, boxes[1]),
      ...more.map(([label, box]) => named(lesionOf(first, label), box, "lesion")));
  }));
}

// A trial that the report names leads to its episodes.
function linkTrials() {
  const places = new Map(data.trials.map((trial, place) => [trial.id, place]));
  for (const cell of document.querySelectorAll(".text td, .text code, #answer code")) {
    const place = places.get(cell.textContent);
    if (place === undefined || cell.childElementCount) continue;
    const show = () => showRow(data.trials[place].config, document.querySelectorAll("#grid tbody tr")[place]);
    cell.replaceChildren(make("a", { href: "#episodes", click: (event) => { if (show()) event.preventDefault(); } }, cell.textContent));
  }
}

if (data.episodes.length) {
  drawTabs();
  drawGrid();
  linkTrials();
}
if (document.getElementById("pairs")) {
  const configs = [...new Set(data.trials.map((trial) => trial.config))];
  for (const [id, place] of [["first", 0], ["second", Math.min(1, configs.length - 1)]]) {
    const select = document.getElementById(id);
    select.append(...configs.map((config) => make("option", { value: config }, config)));
    select.value = configs[place];
    select.addEventListener("change", drawPairs);
  }
  drawPairs();
}
