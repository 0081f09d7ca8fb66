"use strict";

// Draws the charts, sorts and copies the tables, and switches the theme. Everything that is text
// on the page is there without this script.
(() => {
  const root = document.documentElement;
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const SHAPES = ["circle", "rect", "triangle", "diamond", "path://M0 0 L10 0 L5 10 Z"];
  const SIGNS = ["●", "■", "▲", "◆", "▼"];
  const COLOURS = 8;

  // ---- Theme ----------------------------------------------------------------------------

  const THEMES = ["system", "light", "dark"];
  const STORED = "ielade-theme";

  function storedTheme() {
    const asked = /[#?&]theme=(light|dark)\b/.exec(location.search + location.hash);
    if (asked) return asked[1];
    try {
      const stored = localStorage.getItem(STORED);
      return THEMES.includes(stored) ? stored : "system";
    } catch {
      return "system"; // A page from a file may not store anything.
    }
  }

  function keepTheme(theme) {
    try {
      localStorage.setItem(STORED, theme);
    } catch {
      // The choice lasts as long as the page, then.
    }
  }

  function showTheme(theme) {
    if (theme === "system") root.removeAttribute("data-theme");
    else root.dataset.theme = theme;
    const button = document.getElementById("theme");
    button.textContent = `Theme: ${theme}`;
    button.dataset.current = theme;
  }

  function setUpTheme() {
    showTheme(storedTheme());
    const button = document.getElementById("theme");
    button.hidden = false;
    button.addEventListener("click", () => {
      const next = THEMES[(THEMES.indexOf(button.dataset.current) + 1) % THEMES.length];
      keepTheme(next);
      showTheme(next);
      drawAll();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  }

  /** The colours of the theme in force. */
  function palette() {
    const style = getComputedStyle(root);
    const of = (name) => style.getPropertyValue(name).trim();
    return {
      page: of("--page"),
      surface: of("--surface"),
      text: of("--text"),
      muted: of("--muted"),
      rule: of("--rule"),
      strongRule: of("--strong-rule"),
      layouts: Array.from({ length: COLOURS }, (_, place) => of(`--c${place}`)),
      font: getComputedStyle(document.body).fontFamily,
    };
  }

  // ---- Numbers and text -----------------------------------------------------------------

  const escaped = (text) =>
    String(text).replace(
      /[&<>"']/g,
      (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[c],
    );

  /** A number with four significant digits, thousands set apart. */
  function number(value) {
    if (!Number.isFinite(value)) return "–";
    return value.toLocaleString("en-GB", { maximumSignificantDigits: 4 });
  }

  /** The unit of time for values up to `largest` seconds. */
  function timeUnit(largest) {
    if (largest >= 1) return { factor: 1, symbol: "s" };
    if (largest >= 1e-3) return { factor: 1e3, symbol: "ms" };
    return { factor: 1e6, symbol: "µs" };
  }

  const seconds = (value) => {
    const unit = timeUnit(value);
    return `${number(value * unit.factor)} ${unit.symbol}`;
  };

  function byteUnit(largest) {
    if (largest >= 4 * 2 ** 30) return { factor: 2 ** -30, symbol: "GiB" };
    if (largest >= 2 ** 20) return { factor: 2 ** -20, symbol: "MiB" };
    return { factor: 2 ** -10, symbol: "KiB" };
  }

  const nameOf = (row) => row.label ?? figures.layouts[row.layout].name;
  const shapeOf = (row) => SHAPES[row.layout % SHAPES.length];
  const colourOf = (row, colours) => colours.layouts[row.layout % COLOURS];

  /** Pixels that the longest name takes at 12 pixels, at most `most`. */
  function nameWidth(rows, most) {
    const longest = Math.max(0, ...rows.map((row) => nameOf(row).length));
    return Math.min(most, Math.ceil(longest * 6.9) + 6);
  }

  // ---- Parts of charts ------------------------------------------------------------------

  const axisText = (colours) => ({ color: colours.muted, fontSize: 11, fontFamily: colours.font });

  function valueAxis(colours, label) {
    return {
      type: "value",
      splitNumber: 4,
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { ...axisText(colours), hideOverlap: true, formatter: label },
      splitLine: { lineStyle: { color: colours.rule } },
    };
  }

  function axisName(colours, name, gap) {
    return {
      name,
      nameLocation: "middle",
      nameGap: gap,
      nameTextStyle: axisText(colours),
    };
  }

  function frame(colours) {
    return {
      animation: false,
      textStyle: { fontFamily: colours.font },
      tooltip: {
        confine: true,
        backgroundColor: colours.page,
        borderColor: colours.strongRule,
        borderWidth: 1,
        padding: [6, 10],
        textStyle: { color: colours.text, fontSize: 13, fontFamily: colours.font },
        extraCssText: "box-shadow: 0 2px 10px rgb(0 0 0 / 0.14); border-radius: 4px;",
      },
    };
  }

  const tip = (name, ...lines) =>
    `<span class="tip-name">${escaped(name)}</span>` +
    lines
      .filter(Boolean)
      .map((line) => `<br>${escaped(line)}`)
      .join("");

  const meanTip = (name, mean, runs) =>
    tip(
      name,
      `mean of ${runs} run${runs === 1 ? "" : "s"}: ${mean.text}`,
      mean.range && `95 % interval ${mean.range}`,
    );

  const line = (x1, y1, x2, y2, stroke, lineWidth) => ({
    type: "line",
    shape: { x1, y1, x2, y2 },
    style: { stroke, lineWidth, lineCap: "butt" },
  });

  // ---- Total time, mean epoch time: every run as a point --------------------------------

  /** A row a layout: the runs as points, above them the mean with its interval. */
  function strip(key) {
    return (group, zoomed, colours, width) => {
      const rows = group.rows.filter((row) => row[key]);
      if (rows.length === 0) return null;
      const values = rows.flatMap((row) => row.points.map((point) => point[key]));
      const unit = timeUnit(Math.max(...values));
      const scaled = (value) => value * unit.factor;
      const left = nameWidth(rows, width * 0.35);
      const texts = rows.map((row) => row[key].text.length);
      const right = Math.ceil(Math.max(...texts) * 7) + 14;
      return {
        height: rows.length * 44 + 34,
        option: {
          ...frame(colours),
          grid: { left: left + 8, right, top: 4, bottom: 28, outerBoundsMode: "none" },
          xAxis: {
            ...valueAxis(colours, (value) => `${number(value)} ${unit.symbol}`),
            min: zoomed ? undefined : 0,
            scale: zoomed,
          },
          yAxis: {
            type: "category",
            inverse: true,
            data: rows.map(nameOf),
            axisLine: { show: false },
            axisTick: { show: false },
            axisLabel: {
              color: colours.text,
              fontSize: 12,
              fontFamily: colours.font,
              width: left,
              overflow: "truncate",
              align: "left",
              margin: left + 8,
              verticalAlign: "bottom",
              interval: 0,
            },
          },
          series: [
            {
              type: "scatter",
              symbolSize: 7,
              data: rows.flatMap((row, place) => pointsOf(row, place, key, scaled, colours)),
              tooltip: { formatter: ({ data }) => data.tip },
            },
            {
              type: "custom",
              clip: false,
              data: rows.map((row, place) => [scaled(row[key].mean), place]),
              tooltip: {
                formatter: ({ dataIndex }) =>
                  meanTip(nameOf(rows[dataIndex]), rows[dataIndex][key], rows[dataIndex].points.length),
              },
              renderItem: (params, api) =>
                meanMark(rows[params.dataIndex], key, scaled, { params, api, colours, zoomed }),
            },
          ],
        },
      };
    };
  }

  /** The runs of a row, moved up and down a little so that they do not hide each other. */
  function pointsOf(row, place, key, scaled, colours) {
    return row.points.map((point, run) => ({
      value: [scaled(point[key]), place],
      symbol: shapeOf(row),
      symbolOffset: [0, 11 + ((run * 5) % 7) - 3],
      itemStyle: { color: colourOf(row, colours), opacity: 0.55 },
      tip: tip(
        nameOf(row),
        seconds(point[key]),
        `run ${point.sequence + 1}, block ${point.block + 1}`,
      ),
    }));
  }

  /** A pale bar from zero to the mean, a tick at the mean, a line over the interval, the figure. */
  function meanMark(row, key, scaled, { params, api, colours, zoomed }) {
    const mean = row[key];
    const middle = api.value(1);
    const [x, y] = api.coord([scaled(mean.mean), middle]);
    const { x: start, width } = params.coordSys;
    const at = y - 6;
    const colour = colourOf(row, colours);
    const parts = [];
    // A bar that does not begin at zero would lie.
    if (!zoomed) {
      parts.push({
        type: "rect",
        shape: { x: start, y: at - 6, width: Math.max(0, x - start), height: 12 },
        style: { fill: colour, opacity: 0.16 },
      });
    }
    if (mean.low !== null) {
      const low = api.coord([scaled(mean.low), middle])[0];
      const high = api.coord([scaled(mean.high), middle])[0];
      parts.push(line(low, at, high, at, colour, 2));
    }
    parts.push({
      type: "rect",
      shape: { x: x - 1.5, y: at - 6, width: 3, height: 12 },
      style: { fill: colour },
    });
    parts.push({
      type: "text",
      x: start + width + 10,
      y: at,
      style: {
        text: mean.text,
        fill: colours.text,
        font: `12px ${colours.font}`,
        textVerticalAlign: "middle",
      },
    });
    return { type: "group", children: parts };
  }

  // ---- Lines over epochs ----------------------------------------------------------------

  /** A line a layout, with its name at the end. */
  function lines(rows, valuesOf, axis, colours, width) {
    const right = nameWidth(rows, width * 0.4) + 24;
    const epochs = Math.max(...rows.map((row) => valuesOf(row).length));
    return {
      height: 250,
      finish: (chart) => partEndLabels(chart, rows.map((row) => valuesOf(row).at(-1))),
      option: {
        ...frame(colours),
        grid: { left: 54, right, top: 12, bottom: 40, outerBoundsMode: "none" },
        xAxis: {
          type: "category",
          data: Array.from({ length: epochs }, (_, epoch) => epoch + 1),
          boundaryGap: false,
          ...axisName(colours, "epoch", 24),
          axisLine: { lineStyle: { color: colours.strongRule } },
          axisTick: { show: false },
          axisLabel: axisText(colours),
        },
        yAxis: { ...valueAxis(colours, axis.label), ...axis.range },
        series: rows.map((row) => ({
          type: "line",
          name: nameOf(row),
          data: valuesOf(row),
          symbol: shapeOf(row),
          symbolSize: 7,
          lineStyle: { width: 2, color: colourOf(row, colours) },
          itemStyle: { color: colourOf(row, colours) },
          endLabel: {
            show: true,
            formatter: `{mark|${SIGNS[row.layout % SIGNS.length]}} ${nameOf(row)}`,
            color: colours.text,
            fontSize: 12,
            fontFamily: colours.font,
            distance: 8,
            rich: { mark: { color: colourOf(row, colours), fontSize: 9 } },
          },
          tooltip: {
            formatter: ({ dataIndex, value }) =>
              tip(nameOf(row), `epoch ${dataIndex + 1}: ${axis.tip(value)}`, row.shared),
          },
        })),
      },
    };
  }

  /** Moves the names at the ends of lines apart where they would touch. */
  function partEndLabels(chart, ends) {
    const LINE = 15;
    const labels = ends
      .map((value, place) => ({ place, from: chart.convertToPixel({ yAxisIndex: 0 }, value) }))
      .sort((a, b) => a.from - b.from);
    const bottom = chart.getHeight() - 46;
    labels.forEach((label, order) => {
      const above = order > 0 ? labels[order - 1].to + LINE : -Infinity;
      label.to = Math.max(label.from, above);
    });
    // Whatever went below the axis pushes the others up again.
    labels.reduceRight((limit, label) => {
      label.to = Math.min(label.to, limit);
      return label.to - LINE;
    }, bottom);
    const series = ends.map(() => ({}));
    for (const { place, from, to } of labels) series[place] = { endLabel: { offset: [0, to - from] } };
    chart.setOption({ series });
  }

  function epochMeans(row) {
    const epochs = Math.min(...row.points.map((point) => point.epochs.length));
    return Array.from({ length: epochs }, (_, epoch) => {
      const sum = row.points.reduce((total, point) => total + point.epochs[epoch], 0);
      return sum / row.points.length;
    });
  }

  function epochByEpoch(group, zoomed, colours, width) {
    const rows = group.rows.filter((row) => row.points.length > 0 && epochMeans(row).length > 1);
    if (rows.length === 0) return null;
    const unit = timeUnit(Math.max(...rows.flatMap(epochMeans)));
    const axis = {
      range: { min: zoomed ? undefined : 0, scale: zoomed },
      label: (value) => `${number(value)} ${unit.symbol}`,
      tip: (value) => `${number(value)} ${unit.symbol}`,
    };
    const scaled = (row) => epochMeans(row).map((value) => value * unit.factor);
    return lines(rows, scaled, axis, colours, width);
  }

  const percent = (value) => `${number(value * 100)} %`;

  function accuracy(group, _zoomed, colours, width) {
    const rows = group.rows.filter((row) => row.curves.test_top1.length > 0);
    if (rows.length === 0) return null;
    const range = { min: 0, max: 1, interval: 0.25 };
    const axis = { range, label: percent, tip: percent };
    return lines(merged(rows, "test_top1"), (row) => row.curves.test_top1, axis, colours, width);
  }

  function loss(key) {
    return (group, _zoomed, colours, width) => {
      const rows = group.rows.filter((row) => row.curves[key].length > 0);
      if (rows.length === 0) return null;
      const axis = { range: { min: 0 }, label: number, tip: number };
      return lines(merged(rows, key), (row) => row.curves[key], axis, colours, width);
    };
  }

  /** Rows with the same curve as one row: drawn upon each other, only the last would be seen. */
  function merged(rows, key) {
    const curves = new Map();
    for (const row of rows) {
      const curve = JSON.stringify(row.curves[key]);
      curves.set(curve, [...(curves.get(curve) ?? []), row]);
    }
    return [...curves.values()].map((same) => ({
      ...same[0],
      label: commonName(same, rows),
      shared: same.length > 1 ? same.map(nameOf).join(", ") : "",
    }));
  }

  function commonName(same, rows) {
    if (same.length === 1) return nameOf(same[0]);
    return same.length === rows.length ? "all layouts" : `${same.length} layouts`;
  }

  // ---- Size against speed ---------------------------------------------------------------

  function sizeAgainstSpeed(group, _zoomed, colours, width) {
    const rows = group.rows.filter((row) => row.rate && figures.layouts[row.layout].bytes !== null);
    if (rows.length === 0) return null;
    const bytesOf = (row) => figures.layouts[row.layout].bytes;
    const unit = byteUnit(Math.max(...rows.map(bytesOf)));
    const largest = roundUp(Math.max(...rows.map(bytesOf)) * unit.factor);
    const fastest = roundUp(Math.max(...rows.map((row) => row.rate.high ?? row.rate.mean)));
    const height = 290;
    const left = Math.max(58, number(fastest).length * 6.6 + 16);
    const grid = { left, right: 20, top: 30, bottom: 40, outerBoundsMode: "none" };
    const marks = rows.map((row) => ({
      row,
      value: [bytesOf(row) * unit.factor, row.rate.mean],
    }));
    const toPixels = ([x, y]) => [
      grid.left + (x / largest) * (width - grid.left - grid.right),
      height - grid.bottom - (y / fastest) * (height - grid.top - grid.bottom),
    ];
    const sides = labelSides(
      marks.map(({ row, value }) => ({ name: nameOf(row), at: toPixels(value) })),
      { right: width, bottom: height - grid.bottom },
    );
    return {
      height,
      option: {
        ...frame(colours),
        grid,
        xAxis: {
          ...valueAxis(colours, number),
          ...axisName(colours, `training store (${unit.symbol})`, 24),
          min: 0,
          max: largest,
          splitLine: { show: false },
          axisLine: { show: true, lineStyle: { color: colours.strongRule } },
        },
        yAxis: {
          ...valueAxis(colours, number),
          name: "images/s",
          nameGap: 10,
          nameTextStyle: { ...axisText(colours), align: "right", padding: [0, 8, 0, 0] },
          min: 0,
          max: fastest,
        },
        series: [
          {
            type: "custom",
            silent: true,
            data: marks.map(({ value }) => value),
            renderItem: (params, api) => rateInterval(rows[params.dataIndex], api, colours),
          },
          {
            type: "scatter",
            symbolSize: 11,
            data: marks.map(({ row, value }, place) => ({
              name: nameOf(row),
              value,
              symbol: shapeOf(row),
              itemStyle: { color: colourOf(row, colours), opacity: 1 },
              label: { position: sides[place] },
            })),
            label: {
              show: true,
              formatter: "{b}",
              distance: 6,
              color: colours.text,
              fontSize: 12,
              fontFamily: colours.font,
            },
            tooltip: {
              formatter: ({ dataIndex: place }) =>
                meanTip(nameOf(rows[place]), rows[place].rate, rows[place].points.length) +
                `<br>${escaped(number(marks[place].value[0]))} ${unit.symbol}`,
            },
          },
        ],
      },
    };
  }

  function rateInterval(row, api, colours) {
    if (row.rate.low === null) return null;
    const x = api.value(0);
    const [at, low] = api.coord([x, row.rate.low]);
    const high = api.coord([x, row.rate.high])[1];
    return line(at, low, at, high, colourOf(row, colours), 2);
  }

  /** The next larger number of the form 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten. */
  function roundUp(value) {
    const power = 10 ** Math.floor(Math.log10(value));
    const steps = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];
    return power * steps.find((step) => step * power >= value * 1.02 || step === 10);
  }

  /** On which side of its mark each name stands, so that names and marks do not meet. */
  function labelSides(marks, { right, bottom }) {
    const around = ([x, y], reach) => ({ l: x - reach, r: x + reach, t: y - reach, b: y + reach });
    const taken = marks.map(({ at }) => around(at, 6));
    return marks.map(({ name, at: [x, y] }) => {
      const half = name.length * 3.5;
      const boxes = {
        top: { l: x - half, r: x + half, t: y - 26, b: y - 9 },
        bottom: { l: x - half, r: x + half, t: y + 9, b: y + 26 },
        right: { l: x + 9, r: x + 9 + 2 * half, t: y - 8, b: y + 8 },
        left: { l: x - 9 - 2 * half, r: x - 9, t: y - 8, b: y + 8 },
      };
      const meet = (a, b) => a.l < b.r && b.l < a.r && a.t < b.b && b.t < a.b;
      const inside = (box) => box.l > 0 && box.r < right && box.b < bottom + 8;
      const free = (box) => inside(box) && !taken.some((other) => meet(box, other));
      const side = Object.keys(boxes).find((one) => free(boxes[one])) ?? "top";
      taken.push(boxes[side]);
      return side;
    });
  }

  // ---- Order of the runs ----------------------------------------------------------------

  function drift(group, _zoomed, colours) {
    const rows = group.rows.filter((row) => row.epoch && row.epoch.mean > 0);
    if (rows.length === 0) return null;
    const runs = rows.flatMap((row) =>
      row.points.map((point) => ({
        value: [point.sequence + 1, (point.epoch / row.epoch.mean) * 100],
        symbol: shapeOf(row),
        itemStyle: { color: colourOf(row, colours), opacity: 0.8 },
        tip: tip(
          nameOf(row),
          `run ${point.sequence + 1}, block ${point.block + 1}`,
          `${seconds(point.epoch)}, ${number((point.epoch / row.epoch.mean) * 100)} % of the layout's mean`,
        ),
      })),
    );
    const furthest = Math.max(1, ...runs.map((run) => Math.abs(run.value[1] - 100)));
    const reach = 2 * Math.ceil((furthest * 1.1) / 2);
    const last = Math.max(...runs.map((run) => run.value[0]));
    return {
      height: 220,
      option: {
        ...frame(colours),
        grid: { left: 54, right: 16, top: 12, bottom: 40, outerBoundsMode: "none" },
        xAxis: {
          ...valueAxis(colours, number),
          ...axisName(colours, "run", 24),
          min: 0,
          max: last,
          minInterval: 1,
          splitLine: { show: false },
          axisLine: { show: true, onZero: false, lineStyle: { color: colours.strongRule } },
        },
        yAxis: {
          ...valueAxis(colours, (value) => `${number(value)} %`),
          min: 100 - reach,
          max: 100 + reach,
          interval: reach / 2,
        },
        series: [
          {
            type: "scatter",
            symbolSize: 7,
            data: runs,
            tooltip: { formatter: ({ data }) => data.tip },
            markLine: {
              silent: true,
              symbol: "none",
              label: { show: false },
              lineStyle: { color: colours.strongRule, type: "solid", width: 1.5 },
              data: [{ yAxis: 100 }],
            },
          },
        ],
      },
    };
  }

  // ---- Drawing --------------------------------------------------------------------------

  const perGroup = (draw) => figures.groups.map((group) => ({ title: group.title, group, draw }));

  function curvePanels() {
    const models = figures.groups.filter((group) => group.is_model);
    return models.flatMap((group) => [
      { title: `${group.title}: test accuracy`, group, draw: accuracy },
      { title: `${group.title}: training loss`, group, draw: loss("train_loss") },
      { title: `${group.title}: test loss`, group, draw: loss("test_loss") },
    ]);
  }

  const PANELS = {
    total: () => perGroup(strip("total")),
    epoch: () => perGroup(strip("epoch")),
    epochs: () => perGroup(epochByEpoch),
    curves: curvePanels,
    size: () => perGroup(sizeAgainstSpeed),
    drift: () => perGroup(drift),
  };

  /** Puts the panels of a figure in place, without their charts. */
  function layOut(figure) {
    const panels = figure.querySelector(".panels");
    panels.replaceChildren();
    return PANELS[figure.dataset.figure]().map((panel) => {
      const box = document.createElement("div");
      box.className = "panel";
      const heading = document.createElement("h4");
      heading.textContent = panel.title;
      const canvas = document.createElement("div");
      box.append(heading, canvas);
      panels.append(box);
      return { ...panel, box, canvas };
    });
  }

  /** Draws a panel as wide as its box, or as wide as `asked`. */
  function draw(panel, zoomed, colours, asked) {
    const width = asked ?? panel.box.clientWidth;
    const chart = panel.draw(panel.group, zoomed, colours, width);
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

  const drawings = [];

  function drawAllAt(width) {
    const colours = palette();
    for (const { panels, zoom } of drawings) {
      for (const panel of panels) draw(panel, zoom?.checked ?? false, colours, width);
    }
  }

  const drawAll = () => drawAllAt(undefined);

  function setUpCharts() {
    for (const figure of document.querySelectorAll("[data-figure]")) {
      const zoom = figure.querySelector("[data-zoom]");
      if (zoom) {
        zoom.closest("label").hidden = false;
        zoom.addEventListener("change", drawAll);
      }
      drawings.push({ panels: layOut(figure), zoom });
    }
    drawAll();
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

  // ---- Tables ---------------------------------------------------------------------------

  /** What a cell is sorted by: a number where it is one. */
  function sortKey(row, column) {
    const cell = row.cells[column];
    const text = cell.dataset.value ?? cell.textContent.trim();
    const value = Number(text.replaceAll(",", ""));
    return text !== "" && Number.isFinite(value) ? value : text;
  }

  function compare(a, b) {
    if (typeof a === "number" && typeof b === "number") return a - b;
    // Numbers come before text, so that missing figures gather at one end.
    if (typeof a === "number") return -1;
    if (typeof b === "number") return 1;
    return a.localeCompare(b);
  }

  function sortBy(table, heading, column) {
    const ascending = heading.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    const body = table.tBodies[0];
    const rows = [...body.rows].sort((a, b) => {
      const order = compare(sortKey(a, column), sortKey(b, column));
      return ascending ? order : -order;
    });
    body.append(...rows);
  }

  function setUpSorting() {
    for (const table of document.querySelectorAll("table[data-sortable]")) {
      [...table.tHead.rows[0].cells].forEach((heading, column) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "sort";
        button.append(...heading.childNodes);
        heading.append(button);
        button.addEventListener("click", () => sortBy(table, heading, column));
      });
    }
  }

  /** The table as tab-separated text, in full precision, with the ends of the intervals. */
  function tabSeparated(table) {
    const rows = [...table.tBodies[0].rows];
    const columns = [...table.tHead.rows[0].cells].map((heading, column) => ({
      name: heading.dataset.name ?? heading.textContent.trim(),
      hasInterval: rows.some((row) => row.cells[column].dataset.low !== undefined),
    }));
    const head = columns.flatMap(({ name, hasInterval }) =>
      hasInterval ? [name, `${name} low`, `${name} high`] : [name],
    );
    const body = rows.map((row) =>
      columns.flatMap(({ hasInterval }, column) => {
        const cell = row.cells[column];
        const value = cell.dataset.value ?? cell.textContent.trim();
        return hasInterval ? [value, cell.dataset.low ?? "", cell.dataset.high ?? ""] : [value];
      }),
    );
    return [head, ...body].map((cells) => cells.join("\t")).join("\n") + "\n";
  }

  async function toClipboard(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // A page from a file may lack the clipboard's interface.
      const box = document.createElement("textarea");
      box.value = text;
      document.body.append(box);
      box.select();
      document.execCommand("copy");
      box.remove();
    }
  }

  function setUpCopying() {
    for (const button of document.querySelectorAll("[data-copy]")) {
      const table = button.closest(".block, details, section").querySelector("table");
      const label = button.textContent;
      button.hidden = false;
      button.addEventListener("click", async () => {
        await toClipboard(tabSeparated(table));
        button.textContent = "Copied";
        setTimeout(() => (button.textContent = label), 1500);
      });
    }
  }

  setUpTheme();
  setUpSorting();
  setUpCopying();
  setUpCharts();
  setUpPrinting();
})();
