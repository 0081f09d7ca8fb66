// One run over time: memory, processors, reading.

/** What a second brought, from a counter. */
function rate(values, times) {
  return values.map((value, place) => {
    const before = values[place - 1] ?? null;
    if (place === 0 || value === null || before === null) return null;
    const seconds = times[place] - times[place - 1];
    return seconds > 0 ? Math.max(0, value - before) / seconds : null;
  });
}

const plain = (values) => values;

const SERIES = [
  {
    title: () => words.memory,
    columns: ["rss_bytes", "pss_bytes", "anonymous_bytes", "gpu_memory_bytes"],
    of: plain,
    unit: byteUnit,
  },
  {
    title: () => words.processors,
    columns: ["cpu_user", "cpu_system", "machine_cpu", "io_wait", "gpu_utilisation"],
    of: plain,
    unit: () => ({ factor: 1, symbol: "" }),
  },
  {
    title: () => words.page_cache,
    columns: ["page_cache_bytes"],
    of: plain,
    unit: byteUnit,
  },
  {
    title: () => words.reading,
    columns: ["read_bytes"],
    of: rate,
    unit: (largest) => {
      const { factor, symbol } = byteUnit(largest);
      return { factor, symbol: `${symbol}/s` };
    },
  },
];

function overTime({ run, kind }, _zoomed, colours, width) {
  const found = kind.columns
    .map((name, place) => ({ place, column: run.columns.find((column) => column.name === name) }))
    .filter(({ column }) => column)
    .map(({ place, column }) => ({
      place,
      name: words.columns[column.name],
      values: kind.of(column.values, run.seconds),
    }))
    .filter(({ values }) => values.some((value) => value !== null));
  if (found.length === 0) return null;
  const largest = Math.max(...found.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const unit = kind.unit(largest);
  const text = (value) => `${number(value)} ${unit.symbol}`.trim();
  const right = Math.min(width * 0.4, Math.max(...found.map(({ name }) => name.length)) * 6.5 + 30);
  return {
    height: 240,
    finish: (chart) => partEndLabels(chart, found.map(({ values }) => lastOf(values) * unit.factor)),
    option: {
      ...frame(colours),
      tooltip: { ...frame(colours).tooltip, trigger: "axis", formatter: timeTip(text) },
      grid: { left: 66, right, top: 12, bottom: 40, outerBoundsMode: "none" },
      xAxis: {
        ...valueAxis(colours, number),
        ...axisName(colours, words.seconds_since_start, 24),
        axisLabel: { ...axisText(colours), showMaxLabel: false },
        min: 0,
        max: run.seconds.at(-1),
        splitLine: { show: false },
        axisLine: { show: true, lineStyle: { color: colours.strongRule } },
      },
      yAxis: { ...valueAxis(colours, text), ...zeroAxis(largest * unit.factor) },
      series: found.map(({ name, place, values }, order) => {
        const colour = colours.layouts[place];
        return {
          type: "line",
          name,
          showSymbol: false,
          data: values.map((value, at) => [
            run.seconds[at],
            value === null ? null : value * unit.factor,
          ]),
          lineStyle: { width: 1.75, color: colour, type: place > 2 ? "dashed" : "solid" },
          itemStyle: { color: colour },
          endLabel: endLabel(shortened(name, right), "●", colour, colours),
          markLine: order === 0 ? epochLines(run, colours) : undefined,
        };
      }),
    },
  };
}

const lastOf = (values) => values.findLast((value) => value !== null);

/** The text, cut where it would be wider than so many pixels. */
function shortened(text, pixels) {
  const most = Math.max(6, Math.floor((pixels - 26) / 6.2));
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function epochLines(run, colours) {
  return {
    silent: true,
    symbol: "none",
    label: { show: false },
    lineStyle: { color: colours.strongRule, type: "solid", width: 1 },
    data: run.epoch_ends.map((end) => ({ xAxis: end })),
  };
}

const timeTip = (text) => (points) =>
  tip(
    `${number(points[0].value[0])} s`,
    ...points
      .filter(({ value }) => value[1] !== null)
      .map(({ seriesName, value }) => `${seriesName}: ${text(value[1])}`),
  );

const shownSeries = () =>
  figures.series.filter(
    (run) => showsLayout(run.layout) && showsConsumer(run.consumer) && showsCache(run.cache),
  );

/** The panels of the chosen run; fills the choice first. */
function seriesPanels(figure) {
  const runs = shownSeries();
  const choice = figure.querySelector("[data-run]");
  const before = choice.value;
  choice.replaceChildren(
    ...runs.map((run) => new Option(`${run.name} (${words.block} ${run.block + 1})`, run.name)),
  );
  const first = runs.find((run) => run.consumer === figures.headline) ?? runs[0];
  const chosen = runs.find((run) => run.name === before) ?? first;
  choice.closest("label").hidden = runs.length < 2;
  if (chosen === undefined) return [];
  choice.value = chosen.name;
  return SERIES.map((kind) => ({
    title: kind.title(),
    consumer: null,
    subject: { run: chosen, kind },
    draw: overTime,
  }));
}
