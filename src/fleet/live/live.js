"use strict";
const $ = id => document.getElementById(id);
const seconds = micros => micros / 1e6;
const count = number => number.toLocaleString("en");
const time = micros => micros >= 1e6 ? seconds(micros).toFixed(1) + " s" : (micros / 1e3).toFixed(1) + " ms";

function element(name, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// The next number that is 1, 2 or 5 times a power of ten: a scale that people read without effort.
function round(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map(step => step * power).find(step => step >= most);
}

// Lines over time. A line is a class and what it shows of a point; it is broken where there is nothing to show.
function draw(svg, points, lines, label) {
  const [left, right, top, bottom] = [70, 12, 14, 24];
  const [width, height] = [svg.clientWidth, svg.clientHeight];
  const shown = lines.flatMap(([, value]) => points.map(value)).filter(value => value !== null);
  const most = round(Math.max(1, ...shown));
  const end = Math.max(1, ...points.map(point => seconds(point.at)));
  const x = at => left + (width - left - right) * seconds(at) / end;
  const y = value => height - bottom - (height - top - bottom) * value / most;
  const parts = [];
  for (const share of [0, 0.5, 1]) {
    const at = y(most * share);
    parts.push(element("path", {class: "grid", d: `M${left} ${at}H${width - right}`}));
    parts.push(element("text", {x: left - 8, y: at + 4, "text-anchor": "end"}, label(most * share)));
  }
  parts.push(element("text", {x: left, y: height - 7}, "0 s"));
  parts.push(element("text", {x: width - right, y: height - 7, "text-anchor": "end"}, `${Math.round(end)} s`));
  for (const [name, value] of lines) {
    let path = "", pen = "M";
    for (const point of points) {
      const shown = value(point);
      if (shown === null) { pen = "M"; continue; }
      path += `${pen}${x(point.at).toFixed(1)} ${y(shown).toFixed(1)}`;
      pen = "L";
    }
    parts.push(element("path", {class: name, d: path}));
  }
  svg.replaceChildren(...parts);
}

function fill(body, rows) {
  body.replaceChildren(...rows.map(cells => {
    const row = document.createElement("tr");
    cells.forEach((text, index) => {
      const cell = document.createElement(index === 0 ? "th" : "td");
      if (index > 0) cell.className = "number";
      cell.textContent = text;
      row.append(cell);
    });
    return row;
  }));
}

let told = null;

function show() {
  if (told === null) return;
  const {last, history, conclusion} = told;
  document.title = `${told.title}: mqttspec fleet`;
  $("title").textContent = told.title;
  $("about").textContent = told.about;
  const bad = last.findings.broken > 0;
  const verdict = $("verdict");
  verdict.dataset.verdict = conclusion !== null ? (bad ? "bad" : conclusion.startsWith("conforming") ? "good" : "open") : bad ? "bad" : "";
  verdict.children[0].textContent = conclusion ?? `${Math.floor(seconds(last.at))} of ${seconds(last.length)} s: ${last.phase}`;
  verdict.children[1].textContent = conclusion === null && last.phase === "calm" ? "All links are good, and what is owed can be delivered." : "";
  $("online").textContent = count(last.online);
  $("online-more").textContent = `of ${count(last.devices)}; ${count(last.rates.connects)} connects per second`;
  $("published").textContent = count(last.rates.published);
  $("published-more").textContent = `${count(last.totals.published)} in all`;
  $("delivered").textContent = count(last.rates.delivered);
  $("delivered-more").textContent = `${count(last.totals.delivered)} in all`;
  $("latency").textContent = last.latency === null ? "–" : time(last.latency.p50);
  $("latency-more").textContent = last.latency === null ? "" : `99 %: ${time(last.latency.p99)}`;
  $("broken").textContent = count(last.findings.broken);
  $("broken").className = bad ? "bad" : "";
  $("broken-more").textContent = `${count(last.findings.permitted)} permitted, ${count(last.findings.undecided)} undecided`;
  draw($("chart-online"), history, [["a", point => point.online]], count);
  draw($("chart-rates"), history, [["a", point => point.published], ["b", point => point.delivered]], count);
  draw($("chart-latency"), history, [["a", point => point.p50], ["b", point => point.p99]], time);
  fill($("groups"), last.groups.map(([name, own]) =>
    [name, ...[own.connects, own.losses, own.published, own.repeated, own.acked, own.delivered].map(count)]));
  $("none").hidden = last.findings.told.length > 0;
  $("findings").replaceChildren(...last.findings.told.map(text => {
    const item = document.createElement("li");
    item.textContent = text;
    return item;
  }));
}

const source = new EventSource("events");
source.onmessage = event => { told = JSON.parse(event.data); show(); if (told.conclusion !== null) source.close(); };
source.onerror = () => { if (told !== null && told.conclusion === null) $("verdict").children[1].textContent = "No news: the run has ended or its machine cannot be reached."; };
addEventListener("resize", show);
