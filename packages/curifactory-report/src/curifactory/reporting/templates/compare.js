const chosen = document.getElementById("chosen");
const compare = document.getElementById("compare");
const comparison = document.getElementById("comparison");
const boxes = [...document.querySelectorAll(".run input")];

function make(tag, words, ...children) {
  const element = document.createElement(tag);
  if (words) element.textContent = words;
  element.append(...children);
  return element;
}

function text(value) {
  return typeof value === "number" && !Number.isInteger(value) ? String(Number(value.toPrecision(6))) : String(value);
}

function selected() {
  return [...new Set(boxes.filter((box) => box.checked).map((box) => box.value))];
}

function count(event) {
  if (event) {
    for (const box of boxes) if (box.value === event.target.value) box.checked = event.target.checked;
  }
  const folders = selected();
  compare.disabled = folders.length !== 2;
  chosen.textContent = folders.length === 0 ? "Choose two runs to compare them."
    : folders.length === 1 ? "Choose one more run to compare." 
    : folders.length === 2 ? "Two runs are chosen." : `${folders.length} runs are chosen; two can be compared.`;
}

// Each report has its facts in a page of its own, which tells them from a frame without rights:
// pages from files cannot read each other, and what comes from elsewhere is only ever text here.
function ask(folder) {
  return new Promise((resolve, reject) => {
    const frame = document.createElement("iframe");
    const done = (act, value) => {
      clearTimeout(timer);
      removeEventListener("message", hear);
      frame.remove();
      act(value);
    };
    const hear = (event) => {
      if (event.source === frame.contentWindow) done(resolve, {...event.data, folder});
    };
    const fail = () => done(reject, new Error(`${folder} does not tell its facts.`));
    let timer = setTimeout(fail, 15000);
    frame.addEventListener("load", () => {
      clearTimeout(timer);
      timer = setTimeout(fail, 3000);
    });
    addEventListener("message", hear);
    frame.setAttribute("sandbox", "allow-scripts");
    frame.hidden = true;
    frame.src = `${encodeURIComponent(folder)}/compare.html`;
    document.body.append(frame);
  });
}

function table(caption, rows, runs, more) {
  const section = make("section", "", make("h3", caption));
  const differing = rows.filter(([, one, other]) => one !== other);
  const same = rows.length - differing.length;
  if (differing.length) {
    const head = make("tr", "", make("th"), ...runs.map((run) => make("th", run.reference)), ...(more ? [make("th", "difference")] : []));
    const body = differing.map(([name, one, other]) => {
      const cells = [one, other].map((value) => make("td", value === undefined ? "–" : text(value)));
      if (more) {
        const known = typeof one === "number" && typeof other === "number";
        cells.push(make("td", known ? `${other > one ? "+" : ""}${Number((other - one).toPrecision(4))}` : ""));
        for (const cell of cells) cell.className = "number";
      }
      return make("tr", "", make("th", name), ...cells);
    });
    const whole = make("table", "", make("thead", "", head), make("tbody", "", ...body));
    whole.className = "wide";
    const scroll = make("div", "", whole);
    scroll.className = "scroll";
    section.append(scroll);
  }
  const words = rows.length === 0 ? "There are none." : `${same} of ${rows.length} are the same.`;
  section.append(Object.assign(make("p", words), {className: "quiet"}));
  return section;
}

function pairs(runs, part) {
  const [one, other] = runs.map((run) => new Map(Object.entries(run[part] ?? {}).flatMap(
    ([owner, values]) => Object.entries(values).map(([name, value]) => [`${owner} · ${name}`, value]))));
  return [...new Set([...one.keys(), ...other.keys()])].map((name) => [name, one.get(name), other.get(name)]);
}

function piece(run, item) {
  if (!item) return Object.assign(make("p", "not in this run"), {className: "quiet"});
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-same-origin");
  frame.title = `${item.title} of ${run.reference}`;
  const files = `${encodeURIComponent(run.folder)}/reportables/`;
  const html = item.html.replace(/(=["'])reportables\//g, (_, start) => start + files);
  frame.srcdoc = '<!doctype html><html><head><link rel="stylesheet" href="style.css"></head>'
    + `<body class="piece">${html}</body></html>`;
  const resize = () => { frame.style.height = `${frame.contentDocument.body.offsetHeight + 4}px`; };
  frame.addEventListener("load", resize);
  return frame;
}

function sideBySide(runs) {
  const section = make("section", "", make("h3", "Reportables"));
  const known = runs.map((run) => new Map((run.reportables ?? []).map((item) => [item.key, item])));
  for (const key of new Set(known.flatMap((items) => [...items.keys()]))) {
    const items = known.map((of) => of.get(key));
    const {title, record} = items.find(Boolean);
    const row = make("div", "", ...items.map((item, place) => make("div", "", piece(runs[place], item))));
    row.className = "pair";
    section.append(make("h4", `${title} · ${record}`), row);
  }
  return section;
}

async function show() {
  comparison.hidden = false;
  comparison.replaceChildren(make("p", "Reading…"));
  try {
    const runs = await Promise.all(selected().reverse().map(ask));
    comparison.replaceChildren(
      make("h2", `${runs[0].reference} and ${runs[1].reference}`),
      table("Parameters", pairs(runs, "parameters"), runs, false),
      table("Metrics", pairs(runs, "metrics"), runs, true),
      sideBySide(runs));
  } catch (error) {
    comparison.replaceChildren(Object.assign(
      make("p", `${error.message} It may have been written by an earlier version, or be incomplete.`), {className: "problem"}));
  }
  comparison.scrollIntoView();
  comparison.focus();
}

for (const box of boxes) {
  box.hidden = false;
  box.addEventListener("change", count);
}
compare.addEventListener("click", show);
count();
