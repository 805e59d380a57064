"use strict";
// The page draws what /events sends. All text goes in through textContent, so nothing that an event holds is ever markup.

const SVG = "http://www.w3.org/2000/svg";
const shown = new Map();
let lastContact = null;

function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null) node.setAttribute(key, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function svg(name, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// Only what changed is drawn again: a selection or a screen reader's place elsewhere stays.
function draw(id, data, build) {
  const key = JSON.stringify(data);
  if (shown.get(id) === key) return;
  shown.set(id, key);
  document.getElementById(id).replaceChildren(...build());
}

const number = (value, digits = 0) => value.toLocaleString("en-IN", { maximumFractionDigits: digits });
const figure = (value) => (Math.abs(value) >= 1e6 ? value.toExponential(1) : number(value, 3));
const clock = (iso) => new Date(iso).toLocaleTimeString("en-GB");
const when = (iso) => el("time", { datetime: iso, title: new Date(iso).toString() }, clock(iso));
const short = (hash) => el("code", { title: hash }, hash.slice(0, 12));

function seconds(value) {
  if (value < 90) return `${Math.round(value)} s`;
  return value < 5400 ? `${Math.round(value / 60)} min` : `${(value / 3600).toFixed(1)} h`;
}

function tile(title, value, note, extra = null) {
  const figure = value === null ? el("strong", { class: "unknown" }, "unknown") : el("strong", {}, value);
  return el("div", { class: "tile" }, el("h3", {}, title), figure, el("p", { class: "quiet" }, note), extra);
}

function sparkline(values, title) {
  if (values.length < 2) return null;
  const top = Math.max(...values, 1e-9);
  const points = values.map((value, index) => `${(index / (values.length - 1)) * 100},${(1 - value / top) * 28 + 1}`);
  const picture = svg("svg", { viewBox: "0 0 100 30", preserveAspectRatio: "none", class: "spark", role: "img", "aria-label": title });
  picture.append(svg("path", { d: `M${points.join("L")}` }));
  return picture;
}

// Drawn as SVG because the page's policy allows no inline style.
function bar(share, alarm, label, now, max) {
  const width = Math.max(0, Math.min(1, share)) * 100;
  const meter = el("div", {
    class: alarm ? "bar alarm" : "bar", role: "meter", "aria-label": label, "aria-valuetext": `${figure(now)} of ${figure(max)}`,
    "aria-valuenow": Math.min(now, max), "aria-valuemin": 0, "aria-valuemax": max,
  });
  meter.append(svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("rect", { width, height: 10 })));
  return meter;
}

function rows(pairs) {
  const list = el("dl");
  for (const [name, value] of pairs) if (value !== null && value !== undefined) list.append(el("dt", {}, name), el("dd", {}, value));
  return list;
}

function inputs(snapshot) {
  const rate = (name, words) => {
    const input = snapshot.inputs[name];
    const figure = input.per_s === null ? null : `${number(input.per_s, input.per_s < 10 ? 1 : 0)} /s`;
    const note = input.total === null ? "Kafka does not answer" : `${number(input.total)} ${words} on the topic`;
    return tile(words, figure, note, sparkline(input.history, `${words} per second over the last minute`));
  };
  const stage1 = snapshot.stage1;
  const refused = snapshot.dead_letters.reduce((sum, row) => sum + row.count, 0);
  const kafka = snapshot.sources.kafka.ok;
  return [
    rate("feedback", "feedback"),
    // Most frontends send none.
    ...(snapshot.inputs.turns?.total ? [rate("turns", "turns")] : []),
    rate("documents", "documents"),
    tile("lag", snapshot.lag_records === null ? null : number(snapshot.lag_records), "records not yet taken in"),
    tile("duplicates", stage1.duplicates_ignored === null ? null : number(stage1.duplicates_ignored), "ignored"),
    tile("dead letters", kafka ? number(refused) : null, "refused and kept"),
  ];
}

function bufferCard(live) {
  const card = el("section", { class: "card half" }, el("h3", {}, "Corrections waiting"));
  if (!live) return card.append(el("p", {}, "unknown: the consumers do not answer")), card;
  // A stack of an earlier release tells no counted ones: then all that wait count.
  const { threshold } = live, have = live.counted_negatives ?? live.pending_negatives;
  card.append(
    el("p", {}, `${number(have)} of ${number(threshold)} negatives`),
    bar(threshold ? have / threshold : 0, false, "negatives against the threshold", have, threshold),
    live.trainable_negatives === undefined ? "" : el("p", {}, `${number(live.trainable_negatives)} of them can be trained on, ${number(live.min_trainable)} are needed`),
    rows([
      ["waiting", `${number(live.pending_negatives ?? 0)}, over a user's cap included`],
      ["taught nothing", live.tried_negatives ? `${number(live.tried_negatives)}, tried by a run` : null],
      ["users", `${number(live.trainable_users ?? live.distinct_users ?? 0)} of at least ${number(live.min_users ?? 0)}`],
      ["documents", number(live.pending_documents ?? 0)],
      ["quarantined", number(live.quarantined ?? 0)],
      ["praise kept", live.praised === undefined ? null : number(live.praised)],
      ["running", live.running ? `${live.running}, attempt ${live.attempt}, batch ${live.batch}` : "nothing"],
      ["cool-down", live.cool_down_until ? el("span", {}, "until ", when(live.cool_down_until)) : null],
      ["next schedule", live.next_schedule_at ? new Date(live.next_schedule_at).toLocaleString("en-GB") : null],
      ["paused", live.paused ? "yes, by an operator" : null],
      ["last tick", live.last_tick ? when(live.last_tick) : null],
    ]),
  );
  if (live.blocked_because) card.append(el("p", { class: "warn" }, live.blocked_because));
  return card;
}

function driftCard(live) {
  const card = el("section", { class: "card half" }, el("h3", {}, "Drift"));
  if (!live) return card.append(el("p", {}, "unknown: the consumers do not answer")), card;
  if (!(live.drift ?? []).length) card.append(el("p", { class: "quiet" }, "no signal has been measured yet"));
  for (const signal of live.drift ?? []) card.append(...driftSignal(signal));
  const baseline = live.drift_baseline;
  if (baseline?.documents) card.append(el("p", { class: "quiet" }, `documents: against a baseline of ${number(baseline.documents)} `, short(baseline.sha256)));
  else if (baseline?.because) card.append(el("p", { class: "quiet" }, `documents are not watched: ${baseline.because}`));
  return card;
}

// Evidence of an e-detector is a ratio of likelihoods: it grows by factors.
function nearness(signal) {
  if (signal.detector !== "e_detector") return signal.threshold ? signal.statistic / signal.threshold : 0;
  return Math.log1p(Math.max(signal.statistic, 0)) / Math.log1p(signal.threshold);
}

function driftSignal(signal) {
  const name = signal.signal.replaceAll("_", " ") + (signal.language ? `, ${signal.language}` : "");
  if (signal.learning) {
    const { events, of } = signal.learning;
    return [el("p", { class: "quiet" }, `${name}: ${number(events)} of the ${number(of)} ratings of its baseline`)];
  }
  const words = el("p", { class: signal.alarm ? "bad" : null }, `${name} (${signal.detector.replaceAll("_", " ")}): ${figure(signal.statistic)} of ${figure(signal.threshold)}`);
  if (signal.alarm) words.append(", alarm", ...(signal.since ? [" since ", when(signal.since)] : []));
  return [words, bar(nearness(signal), signal.alarm, `drift of ${name}`, signal.statistic, signal.threshold)];
}

const percent = (share) => `${number(share * 100, share < 0.01 ? 2 : 1)} %`;

// Two bars a bin: before, and after it.
function pairs(before, after, label) {
  const top = Math.max(...before, ...after, 1e-9);
  const width = 100 / before.length;
  const picture = svg("svg", { viewBox: "0 0 100 40", preserveAspectRatio: "none", class: "pairs", role: "img", "aria-label": label });
  before.forEach((share, index) => {
    for (const [value, place, kind] of [[share, 0.1, "before"], [after[index], 0.5, "after"]]) {
      const height = (value / top) * 38;
      picture.append(svg("rect", { x: (index + place) * width, y: 40 - height, width: width * 0.4, height, class: kind }));
    }
  });
  return picture;
}

function terms(title, found) {
  if (!found?.length) return null;
  const head = el("tr", {}, ...[title, "before", "after", "as in"].map((name) => el("th", { scope: "col" }, name)));
  const body = found.slice(0, 10).map((term) => {
    const spelled = term.spellings?.length ? el("span", { class: "quiet" }, ` (${term.spellings.join(", ")})`) : null;
    const example = el("td", {}, term.examples?.length ? el("q", {}, term.examples[0]) : "");
    return el("tr", {}, el("td", {}, term.term, spelled), el("td", {}, percent(term.before)), el("td", {}, percent(term.after)), example);
  });
  return el("table", { class: "terms" }, el("thead", {}, head), el("tbody", {}, ...body));
}

function shares(title, found) {
  if (!found?.length) return null;
  const list = el("dl");
  for (const share of found) list.append(el("dt", {}, share.name), el("dd", {}, `${percent(share.before)} → ${percent(share.after)}`));
  const label = `${title}: ${found.map((share) => `${share.name} ${percent(share.before)} to ${percent(share.after)}`).join(", ")}`;
  return el("div", {}, el("h3", {}, title), pairs(found.map((share) => share.before), found.map((share) => share.after), label), list);
}

function histogram(found) {
  const edges = found.edges.map((edge) => number(edge, 2)).join(" | ");
  const title = found.feature.replaceAll("_", " ");
  const bins = found.before.map((share, index) => `${percent(share)} to ${percent(found.after[index])}`).join(", ");
  return el("div", {}, el("h3", {}, title), pairs(found.before, found.after, `${title} by bins: ${bins}`), el("p", { class: "quiet" }, edges));
}

function lastDriftCard(drift) {
  if (!drift) return null;
  const card = el("section", { class: "card" }, el("h3", {}, "The newest drift"));
  const list = el("ul", { class: "evidence" });
  for (const seen of drift.evidence) {
    const name = seen.signal.replaceAll("_", " ") + (seen.language ? `, ${seen.language}` : "");
    const item = el("li", { class: seen.fired ? "bad" : null });
    item.append(`${name} (${seen.detector.replaceAll("_", " ")}): ${figure(seen.statistic)} of ${figure(seen.threshold)}, effect ${number(seen.effect, 4)}`);
    if (seen.fired) item.append(", fired");
    if (seen.window_events) item.append(`, in ${number(seen.window_events)}`);
    if (seen.since) item.append(" since ", el("time", { datetime: seen.since }, new Date(seen.since).toLocaleString("en-GB")));
    list.append(item);
  }
  card.append(el("p", {}, "found ", el("time", { datetime: drift.detected_at }, new Date(drift.detected_at).toLocaleString("en-GB"))), list);
  const pictures = [shares("languages", drift.languages), shares("clusters", drift.clusters), ...(drift.histograms ?? []).map(histogram)].filter(Boolean);
  if (pictures.length) card.append(el("p", { class: "quiet" }, "shares of documents: the left bar before, the right one now"), el("div", { class: "tiles" }, ...pictures));
  for (const table of [terms("rose", drift.rose), terms("fell", drift.fell)]) if (table) card.append(table);
  return card;
}

function lossCurve(points) {
  if (points.length < 2) return null;
  // Room for the letters of a phone, which are larger in proportion: "12.34" beside the axis, half a line above the highest mark.
  const [width, height, left, bottom, head] = [600, 200, 76, 26, 18];
  const steps = points.map((point) => point[0]);
  const losses = points.map((point) => point[1]);
  const [first, last] = [Math.min(...steps), Math.max(...steps)];
  const top = Math.max(...losses);
  const low = Math.min(0, ...losses);
  const x = (step) => left + ((step - first) / Math.max(1, last - first)) * (width - left - 8);
  const y = (loss) => head + (1 - (loss - low) / Math.max(1e-9, top - low)) * (height - bottom - head);
  const label = `loss from ${losses[0].toFixed(2)} at step ${first} to ${losses.at(-1).toFixed(2)} at step ${last}`;
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "curve", role: "img", "aria-label": label });
  for (const mark of [low, (low + top) / 2, top]) {
    picture.append(svg("line", { x1: left, x2: width - 8, y1: y(mark), y2: y(mark) }));
    picture.append(svg("text", { x: left - 6, y: y(mark) + 4, "text-anchor": "end" }, mark.toFixed(2)));
  }
  picture.append(svg("text", { x: left, y: height - 6 }, `step ${first}`));
  picture.append(svg("text", { x: width - 8, y: height - 6, "text-anchor": "end" }, `step ${last}`));
  picture.append(svg("path", { d: `M${points.map(([step, loss]) => `${x(step).toFixed(1)},${y(loss).toFixed(1)}`).join("L")}` }));
  return picture;
}

const OUTCOMES = { promoted: "good", failed: "bad", rejected: "warn", inconclusive: "warn", no_data: "warn", void: "warn", cancelled: "warn" };

// How the last job ended, when and why, with what holds the next one back beside it. A server of an earlier release tells none.
function lastJob(last, live) {
  if (last === undefined) return null;
  const part = el("div", { class: "last-job" }, el("h3", {}, "The last job that ended"));
  if (!last) part.append(el("p", { class: "quiet" }, "none yet"));
  else {
    const attempt = last.attempt > 1 ? `, attempt ${number(last.attempt)}` : "";
    const at = el("time", { datetime: last.ended_at }, new Date(last.ended_at).toLocaleString("en-GB"));
    const again = last.retryable ? ", may be tried again" : "";
    part.append(
      el("p", {}, el("span", { class: `pill ${OUTCOMES[last.outcome] ?? ""}` }, last.outcome.replaceAll("_", " ")), ` ${last.version}${attempt}, ended `, at, again),
      el("ul", { class: "evidence" }, ...last.reasons.map((reason) => el("li", {}, reason))),
    );
  }
  if (live?.blocked_because) part.append(el("p", { class: "warn" }, `the next one: ${live.blocked_because}`));
  return part;
}

function jobCard(job, last, live) {
  const card = el("section", { class: "card half" }, el("h3", {}, "Training"));
  if (!job) {
    card.append(el("p", { class: "quiet" }, "no job yet"));
    const part = lastJob(last, live);
    if (part) card.append(part);
    return card;
  }
  const ended = OUTCOMES[job.outcome];
  card.append(el("p", {}, el("span", { class: `pill ${ended ?? ""}` }, job.outcome ?? job.phase), ` ${job.version}, `, el("code", {}, job.id)));
  if (job.total_steps) {
    card.append(bar(job.step / job.total_steps, false, "steps done", job.step, job.total_steps));
  }
  card.append(
    rows([
      ["step", job.total_steps ? `${number(job.step)} of ${number(job.total_steps)}` : null],
      ["loss", job.loss === null ? null : job.loss.toFixed(3)],
      ["speed", job.tokens_per_s ? `${number(job.tokens_per_s)} tokens/s` : null],
      ["memory", job.memory_bytes ? `${number(job.memory_bytes / 2 ** 30, 1)} GiB` : null],
      ["left", job.eta_s !== null && !job.outcome ? seconds(job.eta_s) : null],
      ["said", when(job.updated_at)],
      ["error", job.error],
    ]),
  );
  const curve = lossCurve(job.curve);
  const part = lastJob(last, live);
  card.append(...[curve, part].filter(Boolean));
  return card;
}

function happenedCard(happened) {
  const card = el("section", { class: "card half" }, el("h3", {}, "What happened"));
  if (!happened.length) return card.append(el("p", { class: "quiet" }, "nothing yet")), card;
  const list = el("ol", { class: "happened" });
  for (const item of happened) {
    const tone = { promote: "good", bootstrap: "good", reject: "bad", void: "warn", inconclusive: "warn", rollback: "warn" }[item.verdict] ?? "";
    const title = el("p", {}, when(item.at), " ", el("strong", { class: tone }, item.title));
    if (item.applied === false) title.append(el("span", { class: "quiet" }, " (not applied)"));
    if (item.by) title.append(el("span", { class: "quiet" }, ` by ${item.by}`));
    list.append(el("li", { class: item.kind }, title, el("ul", {}, ...item.reasons.filter(Boolean).map((reason) => el("li", {}, reason)))));
  }
  card.append(list);
  return card;
}

function modelSections(models) {
  const names = Object.keys(models);
  if (!names.length) return [el("section", {}, el("h2", {}, "Models"), el("p", { class: "quiet" }, "No model is known yet: abhyas bootstrap registers one."))];
  return names.map((name, index) => {
    const { serving, job, last_job: last, drift, happened, live } = models[name];
    const head = el("div", { class: "model-head" }, el("h2", { id: `model-${index}` }, name));
    if (serving) {
      head.append(el("p", {}, "serves ", el("strong", {}, serving.version), " ", short(serving.sha256)));
      const from = serving.previous ? `, before it ${serving.previous}` : "";
      head.append(el("p", { class: "quiet" }, `by ${serving.cause}${from}, since `, when(serving.since)));
    } else head.append(el("p", { class: "warn" }, "nothing serves"));
    const cards = el("div", { class: "cards" }, bufferCard(live), driftCard(live), jobCard(job, last, live), happenedCard(happened), lastDriftCard(drift) ?? "");
    return el("section", { "aria-labelledby": `model-${index}` }, head, cards);
  });
}

function letters(found, unreadable) {
  const unread = unreadable ? el("p", { class: "warn" }, `${number(unreadable)} records of the result topics could not be read by this page.`) : null;
  if (!found.length) return [el("p", { class: "quiet" }, "none"), ...(unread ? [unread] : [])];
  const head = el("tr", {}, el("th", { scope: "col" }, "topic"), el("th", { scope: "col" }, "reason"), el("th", { scope: "col", class: "number" }, "records"));
  const body = found.map((row) => el("tr", {}, el("td", {}, row.topic), el("td", {}, row.reason), el("td", { class: "number" }, number(row.count))));
  return [el("table", {}, el("thead", {}, head), el("tbody", {}, ...body)), ...(unread ? [unread] : [])];
}

function sources(found) {
  const away = Object.values(found).filter((source) => !source.ok);
  document.getElementById("sources").hidden = !away.length;
  return away.map((source) => el("p", {}, source.since ? el("span", {}, "Since ", when(source.since), ": ") : "", source.message));
}

function announce(models) {
  const newest = Object.entries(models).flatMap(([name, model]) => model.happened.slice(0, 1).map((item) => `${name}: ${item.title}`)).join(". ");
  const before = shown.get("news");
  shown.set("news", newest);
  if (before !== undefined && newest !== before) document.getElementById("news").textContent = newest;
}

function show(snapshot) {
  draw("sources", snapshot.sources, () => sources(snapshot.sources));
  draw("inputs", [snapshot.inputs, snapshot.stage1, snapshot.lag_records, snapshot.dead_letters, snapshot.sources.kafka.ok], () => inputs(snapshot));
  draw("models", snapshot.models, () => modelSections(snapshot.models));
  draw("letters", [snapshot.dead_letters, snapshot.unreadable], () => letters(snapshot.dead_letters, snapshot.unreadable));
  announce(snapshot.models);
  document.getElementById("clock").textContent = `as of ${clock(snapshot.now)}`;
}

function connection(words, tone) {
  const pill = document.getElementById("connection");
  if (pill.textContent !== words) pill.textContent = words;
  pill.className = `pill ${tone}`;
}

const stream = new EventSource("/events");
stream.addEventListener("snapshot", (event) => {
  lastContact = Date.now();
  connection("live", "good");
  show(JSON.parse(event.data));
});
stream.addEventListener("error", () => connection(lastContact ? `not connected since ${clock(lastContact)}` : "not connected", "bad"));
// A stream can stay open with nobody behind it: numbers that have not moved for 10 s are said to be old.
setInterval(() => {
  if (lastContact && Date.now() - lastContact > 10000) connection(`no news since ${clock(lastContact)}`, "bad");
}, 2000);
