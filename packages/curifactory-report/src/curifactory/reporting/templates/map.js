"use strict";
for (const frame of document.querySelectorAll(".map")) {
  const drawing = frame.querySelector("svg");
  if (!drawing) continue;
  const width = Number(drawing.getAttribute("width"));
  const bar = document.createElement("div");
  bar.className = "map-controls";
  let scale = 1;

  const zoom = (wanted, x = frame.clientWidth / 2, y = frame.clientHeight / 2) => {
    const before = scale;
    scale = Math.min(8, Math.max(0.1, wanted));
    drawing.style.width = `${width * scale}px`;
    drawing.style.maxWidth = "none";
    frame.scrollLeft = (frame.scrollLeft + x) * scale / before - x;
    frame.scrollTop = (frame.scrollTop + y) * scale / before - y;
  };
  const fit = () => zoom(Math.min(1.5, (frame.clientWidth - 2) / width));
  const actions = {"+": () => zoom(scale * 1.25), "−": () => zoom(scale / 1.25), fit, "100 %": () => zoom(1)};
  const words = {"+": "Zoom in", "−": "Zoom out", fit: "Fit the map to the page", "100 %": "Original size"};
  for (const [sign, act] of Object.entries(actions)) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = sign;
    button.title = words[sign];
    button.setAttribute("aria-label", words[sign]);
    button.addEventListener("click", act);
    bar.append(button);
  }
  frame.before(bar);
  frame.classList.add("live");
  frame.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = frame.getBoundingClientRect();
    zoom(scale * Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
  }, {passive: false});
  frame.addEventListener("keydown", (event) => {
    const act = {"+": actions["+"], "=": actions["+"], "-": actions["−"], 0: actions.fit}[event.key];
    if (act && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); act(); }
  });
  let held = null;
  frame.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType === "touch") return;
    held = {x: event.clientX + frame.scrollLeft, y: event.clientY + frame.scrollTop};
    frame.setPointerCapture(event.pointerId);
  });
  frame.addEventListener("pointermove", (event) => {
    if (!held) return;
    frame.scrollLeft = held.x - event.clientX;
    frame.scrollTop = held.y - event.clientY;
  });
  for (const end of ["pointerup", "pointercancel"]) frame.addEventListener(end, () => { held = null; });
  if (width > frame.clientWidth) zoom(Math.max(0.55, (frame.clientWidth - 2) / width), 0, 0);
}
