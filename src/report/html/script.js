"use strict";
// Search and filters live in the address: #PLACE?q=WORDS&show=WORD&version=NUMBER. What is drawn on demand comes from #data.
(() => {
  const $ = (id) => document.getElementById(id);
  const controls = { q: $("search"), show: $("show"), version: $("version") };
  const items = [...document.querySelectorAll(".item")].map((element) => ({
    element,
    text: [...element.querySelectorAll("th, summary, p")].slice(0, 3).reduce((all, it) => all + " " + it.textContent, element.id).toLowerCase(),
    words: element.dataset.s.split(" "),
    versions: element.dataset.v.split(" "),
  }));
  const chapters = [...document.querySelectorAll("section.chapter")].map((element) => ({ element, items: [] }));
  const chapterOf = new Map(chapters.map((chapter) => [chapter.element, chapter]));
  for (const item of items) chapterOf.get(item.element.closest(".chapter")).items.push(item);
  const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
  let data = null;
  const stored = () => (data ??= JSON.parse($("data").textContent));

  function read() {
    const [place, query] = location.hash.slice(1).split("?");
    const wanted = new URLSearchParams(query ?? "");
    return { place: decodeURIComponent(place), wanted };
  }

  function filter() {
    const words = controls.q.value.toLowerCase().split(/\s+/).filter(Boolean);
    const show = controls.show.value;
    const version = controls.version.value;
    let rows = 0;
    let scenarios = 0;
    for (const item of items) {
      item.shown =
        (!show || item.words.includes(show)) &&
        (!version || item.versions.includes(version)) &&
        words.every((word) => item.text.includes(word));
      if (item.element.hidden === item.shown) item.element.hidden = !item.shown;
      if (item.shown) item.element.localName === "tr" ? rows++ : scenarios++;
    }
    for (const chapter of chapters) chapter.element.hidden = !chapter.items.some((item) => item.shown);
    $("count").textContent = `${counted(rows, "statement")}, ${counted(scenarios, "scenario")}`;
  }

  function write() {
    const wanted = new URLSearchParams();
    for (const [name, control] of Object.entries(controls)) if (control.value) wanted.set(name, control.value);
    const query = wanted.toString();
    const { place } = read();
    const hash = encodeURI(place) + (query ? "?" + query : "");
    history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search);
    filter();
  }

  // A place may be inside of details that are closed, or be filtered away.
  function go() {
    const { place, wanted } = read();
    for (const [name, control] of Object.entries(controls)) control.value = wanted.get(name) ?? "";
    filter();
    const target = place && $(place);
    if (!target) return;
    const item = target.closest(".item");
    if (item) item.hidden = false;
    item?.closest(".chapter")?.removeAttribute("hidden");
    for (let at = target; at; at = at.parentElement) if (at.localName === "details") at.open = true;
    if (target.localName === "tr") target.querySelector("details").open = true;
    target.scrollIntoView();
    focus(target);
  }

  function focus(element) {
    const own = element.localName === "details" ? element.querySelector("summary") : element;
    if (own.localName !== "summary" && !own.hasAttribute("tabindex")) own.setAttribute("tabindex", "-1");
    own.focus({ preventScroll: true });
  }

  const svg = (name, attributes, text) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };

  // The same ladder as those that are in the page already.
  function ladder({ clients, events, more }) {
    const gap = Math.min(130, Math.max(56, 420 / clients.length));
    const at = (lane) => 110 + lane * gap;
    const broker = at(clients.length);
    const height = 52 + (events.length + (more ? 1 : 0)) * 22;
    const width = broker + 24 + 104 * 7.6;
    const root = svg("svg", { class: "ladder", width, height, viewBox: `0 0 ${width} ${height}`, role: "img" });
    root.append(svg("title", {}, `What happened: ${events.length} events`));
    [...clients, "broker"].forEach((name, lane) => {
      root.append(svg("text", { class: "name", x: at(lane), y: lane % 2 ? 30 : 14, "text-anchor": "middle" }, name));
      root.append(svg("path", { class: "line", d: `M${at(lane)} 36V${height}` }));
    });
    events.forEach(([time, lane, kind, words, hex], row) => {
      const y = 55 + row * 22;
      const client = at(lane);
      const cross = (x) => svg("path", { class: "cross", d: `M${x - 4} ${y - 4}l8 8m0 -8l-8 8` });
      const group = svg("g", {});
      group.append(svg("text", { class: "time", x: 70, y: y + 4, "text-anchor": "end" }, (time / 1000).toFixed(3)));
      if (kind === 0) group.append(svg("circle", { cx: client, cy: y, r: 4 }));
      if (kind === 1) group.append(cross(client));
      if (kind === 2) group.append(svg("path", { class: "to", d: `M${client} ${y}H${broker}m-7 -4l7 4l-7 4` }));
      if (kind === 3) group.append(svg("path", { class: "from", d: `M${broker} ${y}H${client}m7 -4l-7 4l7 4` }));
      if (kind > 3) {
        group.append(svg("path", { class: "dash", d: `M${client} ${y}H${broker}` }), cross(kind === 4 ? client : broker));
      }
      group.append(svg("text", { x: broker + 24, y: y + 4 }, words.length > 104 ? words.slice(0, 103) + "…" : words));
      group.append(svg("title", {}, hex ? `${words}\n${hex}` : words));
      root.append(group);
    });
    if (more) root.append(svg("text", { class: "gap", x: broker + 24, y: height - 12 }, `… ${more} more …`));
    return root;
  }

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  function draw(details) {
    if (details.dataset.drawn) return;
    details.dataset.drawn = "yes";
    const { run, source } = details.dataset;
    if (source) details.append(element("pre", { tabindex: "0" }, stored().sources[source] ?? ""));
    if (!run) return;
    const events = stored().runs[run];
    if (!events) {
      details.append(element("p", { class: "faint" }, "The packets of this run are not in this page; they are in its own report."));
      return;
    }
    details.append(element("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "What happened" }, ladder(events)));
    const bytes = events.events.filter((event) => event[4]);
    const lines = bytes.map(([time, , kind, , hex]) => `${(time / 1000).toFixed(3)} ${kind === 2 ? "-->" : "<--"} ${hex}`);
    details.append(element("details", {}, element("summary", {}, "Bytes"), element("pre", { tabindex: "0" }, lines.join("\n"))));
  }

  // The failures that are shown, from the one after or before where the reader is.
  function step(direction) {
    const all = [...document.querySelectorAll(".run[data-s=broken]")].filter((run) => !run.closest("[hidden]"));
    const here = all.indexOf(document.activeElement.closest(".run"));
    const next = here < 0 ? (direction > 0 ? 0 : all.length - 1) : here + direction;
    const target = all[Math.min(all.length - 1, Math.max(0, next))];
    if (!target) return;
    for (let at = target; at; at = at.parentElement) if (at.localName === "details") at.open = true;
    target.scrollIntoView();
    focus(target);
  }

  document.addEventListener("toggle", (event) => event.target.open && draw(event.target), true);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "Escape" && typing) event.target.blur();
    if (typing) return;
    if (event.key === "/") {
      event.preventDefault();
      controls.q.focus();
    }
    if (event.key === "j") step(1);
    if (event.key === "k") step(-1);
  });
  for (const control of Object.values(controls)) control.addEventListener("input", write);
  $("reset").addEventListener("click", () => {
    for (const control of Object.values(controls)) control.value = "";
    write();
  });
  // A link in the page leaves the filters as they are.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    const query = location.hash.split("?")[1];
    if (!link || !query) return;
    event.preventDefault();
    location.hash = link.getAttribute("href") + "?" + query;
  });
  addEventListener("hashchange", go);
  $("toolbar").hidden = false;
  go();
})();
