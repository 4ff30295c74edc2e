"use strict";
(async () => {
  const root = document.documentElement;

  // Theme: auto, light, dark. Charts take their ink from CSS, so nothing is drawn anew.
  const button = document.getElementById("theme");
  const themes = ["auto", "light", "dark"];
  const remembered = () => { try { return localStorage.getItem("authlab-theme"); } catch { return null; } };
  const wear = (theme) => {
    if (theme === "auto") delete root.dataset.theme; else root.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
    // A file opened from disk may have no storage: the choice then lasts as long as the page.
    try { localStorage.setItem("authlab-theme", theme); } catch { /* see above */ }
  };
  button.hidden = false;
  wear(themes.includes(remembered()) ? remembered() : "auto");
  button.addEventListener("click", () => {
    const now = root.dataset.theme ?? "auto";
    wear(themes[(themes.indexOf(now) + 1) % themes.length]);
  });

  // A link into what is folded away opens it.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let place = target; place; place = place.parentElement) if (place.tagName === "DETAILS") place.open = true;
    target?.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  document.addEventListener("click", (event) => { if (event.target.closest("a[href^='#']")?.hash === location.hash) reveal(); });
  // On paper every experiment is open; its charts are there if they were drawn.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details.part:not([open])")];
    for (const part of opened) part.open = true;
  });
  addEventListener("afterprint", () => { for (const part of opened) part.open = false; });

  const packed = Uint8Array.from(atob(document.getElementById("held").textContent), (c) => c.charCodeAt(0));
  const held = JSON.parse(await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"))).text());

  const sized = (spec, inner) => {
    const copy = structuredClone(spec);
    for (const view of copy.vconcat ?? [copy]) view.width = Math.max(120, Math.floor(inner));
    return copy;
  };
  const embed = (box, spec, config, renderer) =>
    vegaEmbed(box, spec, { mode: "vega-lite", actions: false, ast: true, renderer, config, tooltip: { disableDefaultStyle: true } });
  const legendFor = (config, width) => {
    const columns = width < 480 ? 2 : Math.floor(width / 118);
    return { ...config, legend: { ...config.legend, columns, labelLimit: Math.floor(width / columns) - 44 } };
  };

  const drawn = new Map();
  const draw = async (box) => {
    const width = box.clientWidth;
    // What is folded away has a width in some browsers, but nobody sees it: it is drawn once it is opened.
    if (!width || box.checkVisibility?.() === false || drawn.get(box)?.width === width) return false;
    const before = drawn.get(box);
    const chart = held.figures[box.dataset.chart];
    const entry = { width };
    drawn.set(box, entry);
    const stage = document.createElement("div");
    const result = await embed(stage, sized(chart.spec, width - chart.pad), legendFor(held.page, width), "svg");
    if (drawn.get(box) !== entry) { result.finalize(); return true; }
    // The wrapper's label speaks for the picture; its inside would read out every mark.
    stage.setAttribute("aria-hidden", "true");
    before?.result?.finalize();
    box.replaceChildren(stage);
    box.style.minHeight = "";
    entry.result = result;
    return true;
  };
  const made = (tag, text, attributes) => Object.assign(document.createElement(tag), { textContent: text, ...attributes });
  const fill = (box) => {
    const { caption, columns, rows } = held.figures[box.id.replace(/-data$/, "")].table;
    const table = made("table", "");
    const line = (section, cells) => section.insertRow().append(...cells);
    table.append(made("caption", caption));
    line(table.createTHead(), columns.map(([title, numeric]) => made("th", title, { scope: "col", className: numeric ? "n" : "" })));
    const body = table.createTBody();
    for (const row of rows) {
      line(body, row.map((cell, k) => k ? made("td", cell, { className: columns[k][1] ? "n" : "" }) : made("th", cell, { scope: "row" })));
    }
    box.append(table);
  };
  const boxes = [...document.querySelectorAll(".chart")];
  const drawAll = async () => {
    for (const box of boxes) {
      if (await draw(box)) await new Promise((resume) => setTimeout(resume));
    }
    root.dataset.drawn = "true";
  };
  drawAll();
  let waiting;
  new ResizeObserver(() => { clearTimeout(waiting); waiting = setTimeout(drawAll, 120); }).observe(document.body);
  document.addEventListener("toggle", (event) => {
    const box = event.target.open && event.target.querySelector(":scope > .scroll");
    if (box?.id && !box.firstElementChild) fill(box);
    drawAll();
  }, true);
  reveal();

  const save = (href, name) => {
    const link = document.createElement("a");
    link.href = href;
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
  };
  const saveText = (text, type, name) => {
    const href = URL.createObjectURL(new Blob([text], { type }));
    save(href, name);
    setTimeout(() => URL.revokeObjectURL(href), 1000);
  };
  const lines = (text, most) => {
    const found = [""];
    for (const word of text.split(" ")) {
      if ((found.at(-1) + word).length > most && found.at(-1)) found.push("");
      found[found.length - 1] += (found.at(-1) ? " " : "") + word;
    }
    return found;
  };
  const picture = async (id, kind) => {
    const chart = held.figures[id];
    const spec = sized(chart.spec, 820 - chart.pad);
    const title = { text: lines(chart.title, 90), subtitle: held.run, fontSize: 15, anchor: "start", frame: "bounds", offset: 14 };
    const stage = document.createElement("div");
    const config = { ...legendFor(held.file, 820), padding: 16 };
    const result = await embed(stage, { ...spec, title }, config, "none");
    try {
      if (kind === "svg") saveText(await result.view.toSVG(), "image/svg+xml", `${held.name}-${id}.svg`);
      else save(await result.view.toImageURL("png", 2), `${held.name}-${id}.png`);
    } finally {
      result.finalize();
    }
  };
  document.addEventListener("click", (event) => {
    const wanted = event.target.closest("button[data-save]");
    if (!wanted) return;
    const id = wanted.dataset.of;
    if (wanted.dataset.save === "csv") saveText(held.figures[id].csv, "text/csv", `${held.name}-${id}.csv`);
    else picture(id, wanted.dataset.save);
  });
})();
