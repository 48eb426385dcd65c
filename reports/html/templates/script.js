"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const SVG = "http://www.w3.org/2000/svg";
  const make = (name, attributes = {}, text = null) => {
    const element = name.startsWith("svg:") ? document.createElementNS(SVG, name.slice(4)) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== null) element.textContent = text;
    return element;
  };
  const minus = (text) => text.replace(/^-/, "−");
  const raised = (n) => [...String(n)].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]).join("");
  const scientific = (x, digits) => { const [base, power] = x.toExponential(digits).split("e"); return `${+base === 1 ? "" : `${base}\u00a0×\u00a0`}10${raised(+power)}`; };
  const figure = (x, digits = 3) => x === null ? "not finite" : minus(x !== 0 && (Math.abs(x) >= 1e4 || Math.abs(x) < 1e-3) ? scientific(x, 1) : String(+x.toPrecision(digits)));

  // theme: as the system says, or light, or dark
  const themes = ["auto", "light", "dark"];
  const theme = $("theme");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const next = themes[(themes.indexOf(document.documentElement.dataset.theme || "auto") + 1) % themes.length];
    if (next === "auto") delete document.documentElement.dataset.theme; else document.documentElement.dataset.theme = next;
    theme.querySelector("span").textContent = next;
  });

  // claims: search, filter, open, close
  const definitionOf = (element) => document.getElementById(element.querySelector(".defined a").hash.slice(1));
  const claims = all(".claim").map((element) => ({
    element, outcome: element.closest(".group").dataset.outcome, population: element.dataset.population,
    text: `${element.textContent} ${definitionOf(element).textContent}`.toLowerCase(),
  }));
  // the definition of a claim is on the page once; a row that is opened gets its own copy
  for (const { element } of claims) element.addEventListener("toggle", () => {
    const link = element.querySelector(".defined > a");
    if (!element.open || !link) return;
    const copy = definitionOf(element).cloneNode(true);
    copy.querySelector("h4").textContent = "What is claimed";
    link.parentElement.replaceChildren(...copy.childNodes);
    const key = make("p", { class: "key" });
    key.append(...$("key").cloneNode(true).childNodes);
    element.querySelector(".zoom")?.prepend(key);
  });
  const groups = all(".group").map((element) => ({ element, wasOpen: element.open }));
  const chips = all(".chip");
  let asked = false;
  const filter = () => {
    const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const outcomes = new Set(chips.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.dataset.outcome));
    const population = $("population").value;
    const asking = words.length > 0 || outcomes.size > 0 || population !== "";
    let shown = 0;
    for (const claim of claims) {
      const fits = (!outcomes.size || outcomes.has(claim.outcome)) && (!population || claim.population === population) && words.every((word) => claim.text.includes(word));
      claim.element.hidden = !fits;
      shown += fits;
    }
    for (const group of groups) {
      const left = all(".claim:not([hidden])", group.element).length;
      group.element.hidden = left === 0;
      group.element.querySelector("h3 .n").textContent = String(left);
      if (asking && !asked) group.wasOpen = group.element.open;
      if (asking) group.element.open = true; else if (asked) group.element.open = group.wasOpen;
    }
    asked = asking;
    $("shown").textContent = `${shown} of ${claims.length} rows`;
    $("clear").hidden = !asking;
    $("nothing").hidden = shown > 0 || !claims.length;
    address();
  };
  // the address names what is asked for and the row that was opened last, so that it can be sent to somebody
  let ready = false, opened = "";
  const address = () => {
    if (!ready) return;
    const pressed = chips.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.dataset.outcome);
    const given = Object.entries({ find: $("search").value, population: $("population").value, verdict: pressed.join(","), open: opened }).filter(([, value]) => value);
    const text = given.length === 1 && opened ? encodeURIComponent(opened) : new URLSearchParams(given).toString();
    history.replaceState(null, "", text ? `#${text}` : location.href.split("#")[0]);
  };
  const fromAddress = () => {
    const given = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
    $("search").value = given.get("find") ?? "";
    if ([...$("population").options].some((option) => option.value === given.get("population"))) $("population").value = given.get("population");
    for (const chip of chips) chip.setAttribute("aria-pressed", String((given.get("verdict") ?? "").split(",").includes(chip.dataset.outcome)));
    return given.get("open") ?? "";
  };
  $("tools").hidden = claims.length === 0;
  $("tools").addEventListener("submit", (event) => event.preventDefault());
  $("search").addEventListener("input", filter);
  $("population").addEventListener("change", filter);
  for (const chip of chips) chip.addEventListener("click", () => {
    chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
    filter();
  });
  $("clear").addEventListener("click", () => {
    $("search").value = "";
    $("population").value = "";
    for (const chip of chips) chip.setAttribute("aria-pressed", "false");
    filter();
    $("search").focus();
  });
  const setAll = (open) => {
    for (const { element } of groups) if (open && !element.hidden) element.open = true;
    for (const { element } of claims) if (!element.hidden) element.open = open;
  };
  $("open").addEventListener("click", () => setAll(true));
  $("close").addEventListener("click", () => setAll(false));
  const asksFor = fromAddress();
  filter();
  ready = true;
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
      event.preventDefault();
      $("search").focus();
    }
    if (event.key === "Escape" && event.target === $("search")) { $("search").value = ""; filter(); }
  });

  // a link into a fold opens it
  const addressed = () => { try { return decodeURIComponent(location.hash.slice(1)); } catch { return ""; } };
  const reveal = (identity = addressed()) => {
    const target = document.getElementById(identity);
    if (!target) return;
    if (target.hidden) $("clear").click();
    if (target.matches(".claim")) opened = identity;
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", () => reveal());
  reveal(asksFor || addressed());
  for (const { element } of claims) element.addEventListener("toggle", () => {
    if (element.open && element.contains(document.activeElement)) opened = element.id;
    else if (!element.open && opened === element.id) opened = "";
    address();
  });
  // paper has no folds: groups are printed whole, and opened rows as they are
  let unfolded = [];
  addEventListener("beforeprint", () => { unfolded = all("details.group:not([open])"); for (const fold of unfolded) fold.open = true; });
  addEventListener("afterprint", () => { for (const fold of unfolded) fold.open = false; });

  // what the page holds for its script is compressed
  const unpacked = async (id) => {
    const bytes = Uint8Array.from(atob($(id).textContent), (character) => character.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
  };

  // the audit itself
  $("save").hidden = false;
  $("save").addEventListener("click", () => {
    unpacked("audit").then((audit) => {
      const address = URL.createObjectURL(new Blob([JSON.stringify(audit, null, 2) + "\n"], { type: "application/json" }));
      make("a", { href: address, download: "audit.json" }).click();
      setTimeout(() => URL.revokeObjectURL(address), 1000);
    });
  });

  // puzzles
  unpacked("boards").then((populations) => {
  if (!populations.length || !$("watch")) return;
  $("watch").hidden = false;
  const state = { population: populations[0], kind: "", example: null, segment: 1, timer: 0 };

  const PLOT = { width: 340, height: 118, left: 52, right: 330, top: 8, bottom: 96 };
  // one series: name, key, whether its axis is logarithmic
  const SERIES = [["displacement per segment", "displacement", true], ["growth of the leading tangent, nats per segment", "growth", false], ["halting logit (above 0 it would halt)", "halting", false]];

  const scaleOf = (values, log, extra) => {
    const seen = [...values, ...extra].filter((v) => v !== null && (!log || v > 0)).map((v) => log ? Math.log10(v) : v);
    let low = Math.min(...seen), high = Math.max(...seen);
    if (!seen.length) { low = 0; high = 1; }
    const pad = (high - low) * 0.08 || 0.5;
    low -= pad; high += pad;
    const at = (v) => PLOT.bottom - (Math.min(Math.max((log ? (v > 0 ? Math.log10(v) : low) : v), low), high) - low) / (high - low) * (PLOT.bottom - PLOT.top);
    return { at, low, high };
  };
  const ticksOf = (scale, log) => {
    if (log) {
      const step = Math.max(1, Math.ceil((scale.high - scale.low) / 3));
      const found = [];
      for (let power = Math.ceil(scale.low); power <= scale.high; power += step) found.push(10 ** power);
      return found;
    }
    const rough = (scale.high - scale.low) / 3, size = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((f) => f * size).find((s) => s >= rough);
    const found = [];
    for (let n = Math.ceil(scale.low / step); n * step <= scale.high; n++) found.push(+(n * step).toPrecision(12));
    return found;
  };
  const across = (segment, count) => PLOT.left + (count > 1 ? (segment - 1) / (count - 1) : 0.5) * (PLOT.right - PLOT.left);

  const drawSeries = () => {
    const example = state.example, count = example.boards.length;
    $("series").replaceChildren();
    for (const [name, key, log] of SERIES) {
      const values = example[key];
      if (values.every((v) => v === null)) continue;
      const edge = key === "displacement" && state.population.threshold !== null ? [state.population.threshold] : [];
      const scale = scaleOf(values, log, edge);
      const plot = make("svg:svg", { viewBox: `0 0 ${PLOT.width} ${PLOT.height}`, class: "plot", role: "img", "aria-label": `${name}: ${values.map((v) => figure(v)).join(", ")}` });
      for (const v of edge) plot.append(make("svg:rect", { x: PLOT.left, width: PLOT.right - PLOT.left, y: scale.at(v), height: Math.max(0, PLOT.bottom - scale.at(v)), class: "settled" }));
      for (const tick of ticksOf(scale, log)) {
        plot.append(make("svg:path", { d: `M${PLOT.left} ${scale.at(tick)}H${PLOT.right}`, class: !log && tick === 0 ? "rule" : "grid" }));
        plot.append(make("svg:text", { x: PLOT.left - 6, y: scale.at(tick) + 4, class: "ticks", "text-anchor": "end" }, figure(tick, 6)));
      }
      for (const v of edge) {
        plot.append(make("svg:path", { d: `M${PLOT.left} ${scale.at(v)}H${PLOT.right}`, class: "edge" }));
        plot.append(make("svg:text", { x: PLOT.left + 4, y: Math.min(PLOT.bottom - 4, scale.at(v) + 14), class: "inside" }, "converged"));
      }
      plot.append(make("svg:path", { d: `M${PLOT.left} ${PLOT.bottom}H${PLOT.right}`, class: "axis" }));
      for (let segment = 1; segment <= count; segment += Math.max(1, Math.ceil(count / 8))) {
        plot.append(make("svg:text", { x: across(segment, count), y: PLOT.bottom + 16, class: "ticks", "text-anchor": "middle" }, String(segment)));
      }
      let path = "", pen = "M";
      values.forEach((v, i) => { if (v === null) { pen = "M"; } else { path += `${pen}${across(i + 1, count).toFixed(1)} ${scale.at(v).toFixed(1)}`; pen = "L"; } });
      plot.append(make("svg:path", { d: path, class: "trace" }), make("svg:path", { class: "cursor" }), make("svg:circle", { r: 4.5, class: "now" }));
      plot.addEventListener("click", (event) => {
        const box = plot.getBoundingClientRect();
        const x = (event.clientX - box.left) / box.width * PLOT.width;
        show(Math.round((x - PLOT.left) / (PLOT.right - PLOT.left) * (count - 1)) + 1);
      });
      plot.scale = scale;
      plot.values = values;
      $("series").append(make("p", { class: "series-name" }, name), plot);
    }
  };

  const unitsOf = (cell) => {
    const { size, box: [rows, cols] } = state.population;
    const row = Math.floor(cell / size), col = cell % size;
    return [`r${row}`, `c${col}`, `b${Math.floor(row / rows)},${Math.floor(col / cols)}`];
  };
  // cells whose digit occurs again in their row, column or box
  const clashes = (board) => {
    const seen = new Map();
    [...board].forEach((digit, cell) => { if (digit !== ".") for (const unit of unitsOf(cell)) { const key = unit + digit; seen.set(key, [...(seen.get(key) || []), cell]); } });
    return new Set([...seen.values()].filter((cells) => cells.length > 1).flat());
  };

  const show = (segment) => {
    const { example, population } = state, count = example.boards.length;
    state.segment = segment = Math.min(Math.max(segment, 1), count);
    const board = example.boards[segment - 1], before = segment > 1 ? example.boards[segment - 2] : null;
    const bad = clashes(board);
    let wrong = 0;
    const body = $("board").tBodies[0];
    const cells = all("td", body);
    [...board].forEach((digit, cell) => {
      const off = digit !== example.solution[cell];
      wrong += off;
      const names = [];
      if (example.puzzle[cell] !== ".") names.push("given");
      if (bad.has(cell)) names.push("clash");
      if (off) names.push("off");
      if (before && before[cell] !== digit) names.push("changed");
      const row = Math.floor(cell / population.size), col = cell % population.size;
      if ((col + 1) % population.box[1] === 0 && col + 1 < population.size) names.push("right");
      if ((row + 1) % population.box[0] === 0 && row + 1 < population.size) names.push("bottom");
      cells[cell].className = names.join(" ");
      cells[cell].textContent = digit === "." ? "" : digit;
    });
    $("segment").max = count;
    $("segment").value = segment;
    $("segment").setAttribute("aria-valuetext", `segment ${segment} of ${count}`);
    const right = wrong === 0 ? "every cell right" : `${wrong} ${wrong === 1 ? "cell" : "cells"} wrong`;
    const conflicts = example.conflicts[segment - 1];
    $("board-status").textContent = `Segment ${segment} of ${count}: ${right}, ${conflicts === 0 ? "no conflicts" : `${conflicts} ${conflicts === 1 ? "row, column or box conflicts" : "rows, columns and boxes conflict"}`}; `
      + `displacement ${figure(example.displacement[segment - 1])}, growth ${figure(example.growth[segment - 1])}, halting logit ${figure(example.halting[segment - 1])}.`
      + (example.agrees ? "" : " Run again here, this puzzle is right in other segments than in the record.");
    for (const plot of all("svg", $("series"))) {
      const x = across(segment, count), v = plot.values[segment - 1];
      plot.querySelector(".cursor").setAttribute("d", `M${x} ${PLOT.top}V${PLOT.bottom}`);
      const dot = plot.querySelector(".now");
      dot.setAttribute("cx", x);
      dot.setAttribute("cy", v === null ? PLOT.bottom : plot.scale.at(v));
      dot.setAttribute("visibility", v === null ? "hidden" : "visible");
    }
    $("first").disabled = $("back").disabled = segment === 1;
    $("next").disabled = $("last").disabled = segment === count;
  };

  const stop = () => {
    clearInterval(state.timer);
    state.timer = 0;
    $("play").textContent = "▶ play";
    $("play").setAttribute("aria-label", "Play");
    $("board-status").setAttribute("role", "status");
  };
  const play = () => {
    if (state.timer) return stop();
    if (state.segment === state.example.boards.length) show(1);
    $("play").textContent = "⏸ pause";
    $("play").setAttribute("aria-label", "Pause");
    $("board-status").removeAttribute("role");  // sixteen announcements in a row help nobody
    state.timer = setInterval(() => { show(state.segment + 1); if (state.segment === state.example.boards.length) stop(); }, 650);
  };

  const pick = (example) => {
    stop();
    state.example = example;
    for (const button of all("button", $("watch-list"))) button.setAttribute("aria-current", String(button.example === example));
    const { size } = state.population, body = $("board").tBodies[0];
    body.replaceChildren();
    for (let row = 0; row < size; row++) {
      const line = make("tr");
      for (let col = 0; col < size; col++) line.append(make("td"));
      body.append(line);
    }
    $("board").setAttribute("aria-label", `Board of puzzle ${example.id}`);
    drawSeries();
    show(example.boards.length);
  };

  const named = (example) => {
    const solved = example.boards.findLastIndex((board) => board !== example.solution) + 2;
    if (example.kind === "settled failure") return `converges in segment ${example.enters}`;
    if (example.kind === "wandering failure") return `${example.conflicts.at(-1)} conflicts at the end`;
    return `right from segment ${solved}`;
  };
  const chooseKind = (kind) => {
    state.kind = kind;
    for (const button of all("button", $("watch-kinds"))) button.setAttribute("aria-pressed", String(button.kind === kind));
    $("watch-about").textContent = state.population.kinds[kind][1] + ".";
    const examples = state.population.examples.filter((example) => example.kind === kind);
    $("watch-list").replaceChildren(...examples.map((example) => {
      const item = make("li"), button = make("button", { type: "button" }, `#${example.id}, ${example.givens} givens: ${named(example)}`);
      button.example = example;
      button.addEventListener("click", () => pick(example));
      item.append(button);
      return item;
    }));
    pick(examples[0]);
  };
  const choosePopulation = (index) => {
    state.population = populations[index];
    const count = (kind) => state.population.examples.filter((example) => example.kind === kind).length;
    const kinds = Object.keys(state.population.kinds);
    $("watch-kinds").replaceChildren(...kinds.map((kind) => {
      const button = make("button", { type: "button", "aria-pressed": "false" }, `${state.population.kinds[kind][0]} (${count(kind)})`);
      button.kind = kind;
      button.disabled = count(kind) === 0;
      button.addEventListener("click", () => chooseKind(kind));
      return button;
    }));
    const there = kinds.filter(count);
    chooseKind(there.includes(state.kind) ? state.kind : there[0]);
  };

  populations.forEach((population, index) => $("watch-population").append(make("option", { value: index }, population.population)));
  $("watch-population").addEventListener("change", (event) => choosePopulation(+event.target.value));
  $("segment").addEventListener("input", (event) => { stop(); show(+event.target.value); });
  for (const [id, act] of [["first", () => show(1)], ["back", () => show(state.segment - 1)], ["next", () => show(state.segment + 1)], ["last", () => show(Infinity)]]) {
    $(id).addEventListener("click", () => { stop(); act(); });
  }
  $("play").addEventListener("click", play);
  $("stage").addEventListener("keydown", (event) => {
    const inControl = /^(INPUT|BUTTON|SELECT)$/.test(event.target.tagName);
    const moves = { ArrowLeft: -1, ArrowRight: 1 };
    if (event.key === " " && !inControl) play();
    else if (event.key in moves && event.target.tagName !== "INPUT") { stop(); show(state.segment + moves[event.key]); }
    else if (event.key === "Home" && !inControl) { stop(); show(1); }
    else if (event.key === "End" && !inControl) { stop(); show(Infinity); }
    else return;
    event.preventDefault();
  });
  choosePopulation(0);
  });
})();
