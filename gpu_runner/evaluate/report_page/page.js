"use strict";
// The list of items: filtered, sorted, a page at a time; differences by whole words; all words of the page in English or Hindi.
// Texts of questions and answers only ever become text nodes.

const WORDS = JSON.parse(document.getElementById("words").textContent);
const DATA = JSON.parse(document.getElementById("data").textContent);
const FIELD = new Map(DATA.fields.map((name, place) => [name, place]));
const LAST = DATA.sides.length - 1;
const NO_FIGURES = new Set(["kind"]);
const state = { language: firstLanguage(), set: "", itemLanguage: "", kind: "", outcome: "", flag: "", search: "", sort: "", ascending: false, perPage: 50, page: 0, compare: "reference" };

function firstLanguage() {
  const asked = /(?:^#|&)lang=(en|hi)\b/.exec(location.hash);
  if (asked) return asked[1];
  try {
    const kept = localStorage.getItem("abhyas-report-language");
    if (kept === "hi" || kept === "en") return kept;
  } catch { /* a file, or a page that may keep nothing */ }
  return DATA.default_language;
}

function words(key, otherwise) {
  const known = WORDS[key];
  return known ? known[state.language === "hi" ? 1 : 0] : otherwise ?? key;
}

function named(section, text) { return words(`${section}.${text}`, String(text)); }

function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name in made && typeof value !== "string") made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// ---- differences -------------------------------------------------------------------------------------------------------------

// A word is its letters with their signs and joiners, so that no syllable is ever cut; a number keeps its points and commas.
const TOKEN = /\p{N}+(?:[.,:/]\p{N}+)*\p{M}*|[\p{L}\p{M}][\p{L}\p{M}\p{N}\u200c\u200d'’]*|\s+|[^\p{L}\p{N}\s][\p{M}\u200d\ufe0f]*/gu;
const LARGEST_TABLE = 4_000_000;

function tokens(text) { return text.match(TOKEN) ?? []; }

function sameWord(token) { return token.normalize("NFC"); }

// [["same" | "added" | "lacking", text], …]: the words of `text`, and those of `other` that it lacks.
function difference(text, other) {
  const after = tokens(text), before = tokens(other);
  const [a, b] = [after.map(sameWord), before.map(sameWord)];
  let start = 0, end = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const parts = [];
  const put = (kind, token) => {
    const last = parts[parts.length - 1];
    if (last && last[0] === kind) last[1] += token;
    else parts.push([kind, token]);
  };
  after.slice(0, start).forEach((token) => put("same", token));
  const n = a.length - start - end, m = b.length - start - end;
  if (n * m > LARGEST_TABLE) {
    before.slice(start, start + m).forEach((token) => put("lacking", token));
    after.slice(start, start + n).forEach((token) => put("added", token));
  } else {
    // The longest common subsequence of the two middles.
    const table = new Uint32Array((n + 1) * (m + 1));
    for (let i = n - 1; i >= 0; i--) {
      for (let j = m - 1; j >= 0; j--) {
        table[i * (m + 1) + j] = a[start + i] === b[start + j]
          ? table[(i + 1) * (m + 1) + j + 1] + 1
          : Math.max(table[(i + 1) * (m + 1) + j], table[i * (m + 1) + j + 1]);
      }
    }
    let i = 0, j = 0;
    while (i < n || j < m) {
      if (i < n && j < m && a[start + i] === b[start + j]) { put("same", after[start + i]); i++; j++; }
      else if (j < m && (i === n || table[i * (m + 1) + j + 1] >= table[(i + 1) * (m + 1) + j])) put("lacking", before[start + j++]);
      else put("added", after[start + i++]);
    }
  }
  after.slice(a.length - end).forEach((token) => put("same", token));
  return parts;
}

// ---- texts -------------------------------------------------------------------------------------------------------------------

// Marks that turn the direction of what follows, and control characters, are named instead of obeyed.
const MARK = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

function shown(text) {
  return text.split(new RegExp(`(${MARK.source})`, "u")).filter(Boolean).map((part) => MARK.test(part) && [...part].length === 1
    ? element("span", { class: "mark" }, `U+${part.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`)
    : part);
}

function textLanguage(item) { return /^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$/.test(item.l) ? item.l : null; }

function textBlock(item, text, other) {
  const block = element("p", { class: "text", dir: "auto", lang: textLanguage(item) });
  if (other === undefined || other === null) block.append(...shown(text));
  else {
    for (const [kind, part] of difference(text, other)) {
      if (kind === "same") block.append(...shown(part));
      else block.append(element(kind === "added" ? "ins" : "del", {}, ...shown(part)));
    }
  }
  return block;
}

// ---- filtering and sorting ---------------------------------------------------------------------------------------------------

function figure(item, side, name) {
  const value = FIELD.has(name) ? item.v[side]?.[FIELD.get(name)] : null;
  return typeof value === "boolean" ? Number(value) : typeof value === "number" ? value : null;
}

function changed(item) { return DATA.sides.length === 2 && item.a !== undefined && item.a[0] !== item.a[1]; }

function searchable(item) {
  if (item.found === undefined) {
    item.found = [item.id, item.q, ...(item.r ?? []), ...(item.a ?? [])].filter((text) => typeof text === "string").join("\n").normalize("NFC").toLowerCase();
  }
  return item.found;
}

const NUMBERS = DATA.fields.filter((name) => !NO_FIGURES.has(name) && DATA.items.some((item) => DATA.sides.some((_, side) => figure(item, side, name) !== null)));
const FLAGS = DATA.fields.filter((name) => name !== "has_source" && name !== "fixed" && DATA.items.some((item) => item.v.some((row) => row[FIELD.get(name)] === true)));
if (FIELD.has("unsupported")) FLAGS.push("unsupported");

function passes(item) {
  if (state.set && item.s !== state.set) return false;
  if (state.itemLanguage && item.l !== state.itemLanguage) return false;
  if (state.kind && item.k !== state.kind) return false;
  if (state.outcome === "changed" ? !changed(item) : state.outcome === "same" ? changed(item) : state.outcome && item.o !== state.outcome) return false;
  if (state.flag && !(figure(item, LAST, state.flag) > 0)) return false;
  return !state.search || searchable(item).includes(state.search);
}

function sortValue(item) {
  if (state.sort.startsWith("change:")) {
    const name = state.sort.slice(7), before = figure(item, 0, name), after = figure(item, 1, name);
    return before === null || after === null ? null : after - before;
  }
  const [side, name] = [Number(state.sort[0]), state.sort.slice(2)];
  return figure(item, side, name);
}

// Those that have no such figure come last, in whichever direction; equal ones stay in the order in which they were asked.
function chosen() {
  const found = DATA.items.filter(passes);
  if (!state.sort) return found;
  const turn = state.ascending ? 1 : -1;
  return found.map((item) => [sortValue(item), item])
    .sort(([a], [b]) => a === null || b === null ? Number(a === null) - Number(b === null) : turn * (a - b))
    .map(([, item]) => item);
}

// ---- the page ----------------------------------------------------------------------------------------------------------------

function values(read) { return [...new Set(DATA.items.map(read).filter((value) => value !== undefined && value !== null))]; }

function select(key, label, options, wide) {
  const box = element("select", { id: `by-${key}` }, ...options.map(([value, text]) => element("option", { value, selected: String(state[key]) === value }, text)));
  box.addEventListener("change", () => { state[key] = key === "perPage" ? Number(box.value) : key === "ascending" ? box.value === "true" : box.value; state.page = 0; list(); });
  return element("label", { class: wide ? "wide" : null }, label, box);
}

function controls() {
  const any = ["", words("items.any")];
  const outcomes = DATA.sides.length === 2
    ? ["fixed", "regressed", "right_on_both", "wrong_on_both"].map((name) => [name, named("words", name)])
    : ["right", "wrong"].map((name) => [name, named("words", name)]);
  if (DATA.sides.length === 2 && DATA.items.some((item) => item.a)) outcomes.push(["changed", words("items.changed")], ["same", words("items.same")]);
  const sorts = [["", words("items.as_asked")]];
  if (DATA.sides.length === 2) sorts.push(...NUMBERS.map((name) => [`change:${name}`, `${words("items.change_of")} ${named("metrics", name)}`]));
  DATA.sides.forEach((side, place) => sorts.push(...NUMBERS.map((name) => [`${place}:${name}`, `${words(`page.${side}`)}: ${named("metrics", name)}`])));
  const search = element("input", { type: "search", id: "by-search", value: state.search, autocomplete: "off" });
  let waiting;
  search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => { state.search = search.value.normalize("NFC").toLowerCase(); state.page = 0; list(); }, 120); });
  const clear = element("button", { type: "button" }, words("items.reset"));
  clear.addEventListener("click", () => { Object.assign(state, { set: "", itemLanguage: "", kind: "", outcome: "", flag: "", search: "", sort: "", ascending: false, page: 0 }); draw(); document.getElementById("by-search").focus(); });
  const kinds = values((item) => item.k);
  const made = [
    element("label", { class: "wide" }, words("items.search"), search),
    select("outcome", words("items.status"), [any, ...outcomes]),
    select("set", words("items.set"), [any, ...values((item) => item.s).map((name) => [name, named("words", name)])]),
    select("itemLanguage", words("items.item_language"), [any, ...values((item) => item.l).map((name) => [name, named("words", name)])]),
    kinds.length ? select("kind", words("items.kind"), [any, ...kinds.map((name) => [name, named("words", name)])]) : null,
    FLAGS.length ? select("flag", words("items.flag"), [any, ...FLAGS.map((name) => [name, named("metrics", name)])]) : null,
    select("sort", words("items.sort"), sorts, true),
    select("ascending", words("items.direction"), [[false, words("items.descending")], [true, words("items.ascending")]].map(([value, text]) => [String(value), text])),
    select("perPage", words("items.per_page"), [25, 50, 100, 200].map((count) => [String(count), String(count)])),
    clear,
  ];
  return element("fieldset", { class: "controls card", "aria-label": words("items.filters") }, ...made.filter(Boolean));
}

function format(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return words(value ? "items.yes" : "items.no");
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : value.toFixed(4).replace(/0+$/, "").replace(/\.$/, "");
  return String(value);
}

// A value of any shape: what others add to a row shows without a change here.
function anything(item, value) {
  if (Array.isArray(value)) return value.length ? element("ul", {}, ...value.map((one) => element("li", {}, anything(item, one)))) : document.createTextNode("–");
  if (value !== null && typeof value === "object") {
    return element("dl", {}, ...Object.entries(value).flatMap(([name, one]) => [element("dt", {}, ...shown(named("metrics", name))), element("dd", {}, anything(item, one))]));
  }
  return typeof value === "string" ? element("span", { dir: "auto", class: "text" }, ...shown(value)) : document.createTextNode(format(value));
}

function figuresTable(item) {
  const head = element("tr", {}, element("th", { scope: "col" }, words("items.field")), ...DATA.sides.map((side) => element("th", { scope: "col" }, words(`page.${side}`))));
  const rows = DATA.fields.filter((name) => item.v.some((row) => row[FIELD.get(name)] !== null)).map((name) => element("tr", {},
    element("th", { scope: "row" }, named("metrics", name), element("code", {}, name)), ...item.v.map((row) => element("td", {}, ...shown(format(row[FIELD.get(name)]))))));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": words("items.all_figures") }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
}

function nearestReference(item, text) {
  let best = item.r[0], most = -1;
  for (const reference of item.r) {
    const known = new Set(tokens(reference).map(sameWord));
    const share = tokens(text).filter((token) => token.trim() && known.has(sameWord(token))).length / Math.max(1, known.size);
    if (share > most) [best, most] = [reference, share];
  }
  return best;
}

function answers(item) {
  const boxes = [element("div", {}, element("h3", {}, words("page.reference")), ...item.r.map((text) => textBlock(item, text)))];
  item.a.forEach((text, side) => {
    const box = element("div", {}, element("h3", {}, words(`page.${DATA.sides[side]}`)));
    if (text === null) box.append(element("p", { class: "quiet" }, words("items.no_answer")));
    else if (text === "") box.append(element("p", { class: "quiet" }, words("items.empty_answer")));
    else {
      const other = state.compare === "reference" ? nearestReference(item, text) : state.compare === "other" ? item.a[1 - side] ?? null : null;
      box.append(textBlock(item, text, other), ...claims(item, side));
    }
    boxes.push(box);
  });
  if (item.j !== undefined) boxes.push(element("div", {}, element("h3", {}, words("items.rejected")), textBlock(item, item.j)));
  return element("div", { class: "answers" }, ...boxes);
}

// What the source says of each claim of an answer.
function claims(item, side) {
  const found = item.g?.[side];
  if (!found) return [];
  return [element("ul", { class: "claims" }, ...found.map((one) => {
    const verdict = words(one.supported === null ? "items.uncheckable" : one.supported ? "items.supported" : "items.unsupported");
    const told = element("li", {}, element("strong", { class: one.supported === false ? "bad" : "quiet" }, verdict), ": ", element("q", { dir: "auto", lang: textLanguage(item) }, ...shown(one.claim)));
    if (one.reasons?.length) told.append(" ", element("small", { lang: "en" }, "(", ...shown(one.reasons.join("; ")), ")"));
    for (const span of one.evidence ?? []) told.append(element("blockquote", { dir: "auto" }, ...shown(span)));
    return told;
  }))];
}

function compareChoice(redraw) {
  const options = [["reference", words("items.compare_reference")], ...(DATA.sides.length === 2 ? [["other", words("items.compare_other")]] : []), ["", words("items.compare_none")]];
  const box = element("select", {}, ...options.map(([value, text]) => element("option", { value, selected: state.compare === value }, text)));
  box.addEventListener("change", () => { state.compare = box.value; redraw(); });
  return element("p", { class: "quiet compare" }, element("label", {}, words("items.compare"), " ", box), " ", words("items.legend"));
}

function body(item) {
  const made = element("div", { class: "body" });
  if (item.q !== undefined) {
    let place = answers(item);
    made.append(compareChoice(() => { const next = answers(item); place.replaceWith(next); place = next; }), place);
  } else made.append(element("p", { class: "quiet" }, words(item.t ? "items.taken_back" : "items.no_text")));
  (item.n ?? []).forEach((nested, side) => {
    if (Object.keys(nested).length) made.append(element("h3", {}, `${words("items.evidence")}: ${words(`page.${DATA.sides[side]}`)}`), anything(item, nested));
  });
  if (item.x) made.append(anything(item, item.x));
  made.append(element("details", {}, element("summary", {}, words("items.all_figures")), figuresTable(item)));
  if (item.c) {
    const known = item.c.filter((name) => name in DATA.contexts);
    const told = known.map((name) => textBlock(item, DATA.contexts[name]));
    if (known.length < item.c.length) told.push(element("p", { class: "quiet" }, words("items.context_left_out")));
    made.append(element("details", {}, element("summary", {}, words("items.context")), ...told));
  }
  return made;
}

function entry(item) {
  const asked = item.q === undefined
    ? element("span", { class: "asked quiet" }, item.id)
    : element("span", { class: "asked", dir: "auto", lang: textLanguage(item) }, ...shown(item.q));
  const f1 = DATA.sides.map((_, side) => figure(item, side, "f1")).filter((value) => value !== null).map((value) => value.toFixed(2)).join(" → ");
  const told = [named("words", item.s), named("words", item.l), item.k === undefined ? null : named("words", item.k), f1 ? `F1 ${f1}` : null].filter(Boolean).join(" · ");
  const details = element("details", {}, element("summary", {}, asked, element("span", { class: "meta" }, element("span", { class: `outcome ${item.o}` }, words(`items.status_${item.o}`)), ` · ${told}`)));
  details.addEventListener("toggle", () => { if (details.open && details.childElementCount === 1) details.append(body(item)); });
  return element("li", { class: item.o, "data-id": item.id }, details);
}

function list() {
  const found = chosen(), pages = Math.max(1, Math.ceil(found.length / state.perPage));
  state.page = Math.min(state.page, pages - 1);
  const part = found.slice(state.page * state.perPage, (state.page + 1) * state.perPage);
  const turn = (by) => () => { state.page += by; list(); document.getElementById("items").scrollIntoView(); document.getElementById("items").focus({ preventScroll: true }); };
  const previous = element("button", { type: "button", disabled: state.page === 0 }, words("items.previous"));
  const next = element("button", { type: "button", disabled: state.page >= pages - 1 }, words("items.next"));
  previous.addEventListener("click", turn(-1));
  next.addEventListener("click", turn(1));
  document.getElementById("found").textContent = `${found.length} ${words("items.shown")} (${words("items.of")} ${DATA.items.length}) · ${words("items.page")} ${state.page + 1} / ${pages}`;
  document.getElementById("turn").replaceChildren(previous, next);
  document.getElementById("list").replaceChildren(...part.map(entry));
  document.getElementById("empty").textContent = found.length ? "" : words("items.none");
}

function draw() {
  const opened = new Set([...document.querySelectorAll("#list > li:has(> details[open])")].map((one) => one.dataset.id));
  document.documentElement.lang = state.language;
  for (const one of document.querySelectorAll("[data-t]")) one.textContent = words(one.dataset.t, one.textContent);
  for (const one of document.querySelectorAll("[data-t-label]")) one.setAttribute("aria-label", words(one.dataset.tLabel));
  for (const one of document.querySelectorAll("[data-language]")) one.setAttribute("aria-pressed", String(one.dataset.language === state.language));
  document.getElementById("browser").replaceChildren(
    controls(),
    element("div", { class: "pager" }, element("span", { id: "found", role: "status" }), element("nav", { id: "turn", "aria-label": words("items.pages") })),
    element("ol", { id: "list", class: "list" }),
    element("p", { id: "empty", class: "quiet" }),
  );
  list();
  for (const one of document.querySelectorAll("#list > li")) one.firstElementChild.open = opened.has(one.dataset.id);
}

for (const one of document.querySelectorAll("[data-language]")) {
  one.addEventListener("click", () => {
    state.language = one.dataset.language;
    try { localStorage.setItem("abhyas-report-language", state.language); } catch { /* as above */ }
    draw();
  });
}
// On paper every section is open; afterwards as it was.
let closed = [];
addEventListener("beforeprint", () => { closed = [...document.querySelectorAll("main > details:not([open]), .verdict details:not([open])")]; closed.forEach((one) => { one.open = true; }); });
addEventListener("afterprint", () => closed.forEach((one) => { one.open = false; }));
draw();
