"use strict";
const controls = document.getElementById("controls");
const search = document.getElementById("search");
const order = document.getElementById("order");
const wanted = document.getElementById("status");
const lists = [...document.querySelectorAll(".runs")].map((list) => [list, [...list.children]]);
const places = new Map(lists.flatMap(([, runs]) => runs.map((run, place) => [run, place])));
const later = (one, other) => places.get(one) - places.get(other);
const orders = {
  newest: later,
  oldest: (one, other) => later(other, one),
  status: (one, other) =>
    one.dataset.status.localeCompare(other.dataset.status) || later(one, other),
};

function show() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const [list, runs] of lists) {
    for (const run of runs) {
      const text = run.textContent.toLowerCase();
      const fits = !wanted.value || run.dataset.status === wanted.value;
      run.hidden = !(fits && words.every((word) => text.includes(word)));
    }
    list.append(...runs.sort(orders[order.value]));
    list.closest("section").hidden = runs.every((run) => run.hidden);
  }
}

search.addEventListener("input", show);
order.addEventListener("change", show);
wanted.addEventListener("change", show);
controls.hidden = false;
show();  // what was typed is still there after going back
