// Puts the panels of each figure in place and draws them.

/** The groups that the filter shows, with the rows that it shows; each knows its peers. */
function shownGroups() {
  const groups = figures.groups
    .filter((group) => showsConsumer(group.consumer) && showsCache(group.cache))
    .map((group) => ({ ...group, rows: group.rows.filter((row) => showsLayout(row.layout)) }));
  for (const group of groups) {
    group.peers = groups.filter((other) => other.consumer === group.consumer);
  }
  return groups;
}

const perGroup = (draw) => () =>
  shownGroups().map((group) => ({
    title: group.title,
    consumer: group.consumer,
    subject: group,
    draw,
  }));

function curvePanels() {
  const models = shownGroups().filter((group) => group.is_model);
  return models.flatMap((group) =>
    [
      [words.test_accuracy, accuracy],
      [words.training_loss, loss("train_loss")],
      [words.test_loss, loss("test_loss")],
    ].map(([name, draw]) => ({
      title: `${group.title}: ${name}`,
      consumer: group.consumer,
      subject: group,
      draw,
    })),
  );
}

function splitPanels() {
  const shown = figures.splits.filter((split) => showsConsumer(split.consumer));
  return shown.map((split) => ({
    title: consumerName(split.consumer),
    consumer: split.consumer,
    subject: { ...split, rows: split.rows.filter((row) => showsLayout(row.layout)) },
    draw: timeSplit,
  }));
}

const PANELS = {
  total: perGroup(strip("total")),
  epoch: perGroup(strip("epoch")),
  epochs: perGroup(epochByEpoch),
  split: splitPanels,
  stall: stallPanels,
  series: seriesPanels,
  curves: curvePanels,
  size: perGroup(sizeAgainstSpeed),
  drift: perGroup(drift),
};

/** True for a panel that is shown at once: one of the consumer whose answer comes first. */
const comesFirst = (panel) =>
  figures.headline === null ||
  filter.consumer !== "" ||
  panel.consumer === null ||
  panel.consumer === figures.headline;

function panelBox(panel, into) {
  const box = document.createElement("div");
  box.className = "panel";
  const heading = document.createElement("h4");
  heading.textContent = panel.title;
  const canvas = document.createElement("div");
  canvas.className = "canvas";
  // What it shows stands in the tables for those who cannot see it.
  canvas.setAttribute("role", "img");
  const figure = into.closest("[data-figure]").querySelector("h3").textContent;
  canvas.setAttribute("aria-label", `${figure}: ${panel.title}`);
  box.append(heading, canvas);
  into.append(box);
  return { ...panel, box, canvas };
}

/** A box that opens and shuts, for the panels that are not shown at once. */
function moreBox(panels, onOpen) {
  const more = document.createElement("details");
  more.className = "more";
  const summary = document.createElement("summary");
  const consumers = new Set(panels.map((panel) => consumerName(panel.consumer)));
  summary.textContent = `${words.more}: ${[...consumers].join(" · ")}`;
  const grid = document.createElement("div");
  grid.className = "panels";
  more.append(summary, grid);
  more.addEventListener("toggle", onOpen);
  return { more, grid };
}

/** Puts the panels of a figure in place, without their charts. */
function layOut(figure) {
  const place = figure.querySelector(".panels");
  place.replaceChildren();
  figure.querySelector("details.more")?.remove();
  const panels = PANELS[figure.dataset.figure](figure);
  const later = panels.filter((panel) => !comesFirst(panel));
  const laid = panels.filter(comesFirst).map((panel) => panelBox(panel, place));
  if (later.length > 0 && laid.length > 0) {
    const { more, grid } = moreBox(later, drawAll);
    place.after(more);
    laid.push(...later.map((panel) => panelBox(panel, grid)));
  } else {
    laid.push(...later.map((panel) => panelBox(panel, place)));
  }
  if (laid.length === 0) place.textContent = words.nothing_left;
  return laid;
}

/** Draws a panel as wide as its box, or as wide as `asked`. */
function draw(panel, zoomed, colours, asked) {
  panel.box.hidden = false;
  // What lies in a box that is shut is drawn when the box opens.
  if (panel.box.closest("details:not([open])")) return;
  const width = asked ?? panel.box.clientWidth;
  const chart = panel.draw(panel.subject, zoomed, colours, width);
  panel.box.hidden = chart === null;
  if (chart === null) return;
  panel.canvas.style.height = `${chart.height}px`;
  const drawn =
    echarts.getInstanceByDom(panel.canvas) ?? echarts.init(panel.canvas, null, { renderer: "svg" });
  drawn.resize({ width, height: chart.height });
  drawn.setOption(chart.option, true);
  chart.finish?.(drawn);
  panel.canvas.querySelector("svg")?.setAttribute("viewBox", `0 0 ${width} ${chart.height}`);
}

let drawings = [];

function drawAllAt(width) {
  const colours = palette();
  for (const { panels, zoom } of drawings) {
    for (const panel of panels) draw(panel, zoom?.checked ?? false, colours, width);
  }
}

const drawAll = () => drawAllAt(undefined);

/** Puts all panels in place anew, as after a change of the filter, and draws them. */
function redrawAll() {
  for (const { panels } of drawings) {
    for (const panel of panels) echarts.getInstanceByDom(panel.canvas)?.dispose();
  }
  drawings = [...document.querySelectorAll("[data-figure]")].map((figure) => ({
    zoom: figure.querySelector("[data-zoom]"),
    panels: layOut(figure),
  }));
  drawAll();
}

function setUpCharts() {
  for (const control of document.querySelectorAll("[data-zoom], [data-run]")) {
    const isZoom = control.matches("[data-zoom]");
    if (isZoom) control.closest("label").hidden = false;
    control.addEventListener("change", isZoom ? drawAll : redrawAll);
  }
  redrawAll();
  let waiting = 0;
  addEventListener("resize", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(drawAll);
  });
}

// Paper is white. How wide it is, nobody says: the style scales the drawings to it, and this
// width is near that of half a page.
const PRINTED_WIDTH = 350;

function setUpPrinting() {
  let before = null;
  addEventListener("beforeprint", () => {
    before = root.getAttribute("data-theme");
    root.dataset.theme = "light";
    drawAllAt(PRINTED_WIDTH);
  });
  addEventListener("afterprint", () => {
    if (before === null) root.removeAttribute("data-theme");
    else root.dataset.theme = before;
    drawAll();
  });
}
