// Lines over epochs.

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
        ...axisName(colours, words.epoch, 24),
        axisLine: { lineStyle: { color: colours.strongRule } },
        axisTick: { show: false },
        axisLabel: axisText(colours),
      },
      yAxis: { ...valueAxis(colours, axis.label), ...axis.range },
      series: [
        ...rows.map((row) => ({
        type: "line",
        name: nameOf(row),
        data: valuesOf(row),
        symbol: shapeOf(row),
        symbolSize: 7,
        lineStyle: { width: 2, color: colourOf(row, colours) },
        itemStyle: { color: colourOf(row, colours) },
        endLabel: endLabel(
          nameOf(row),
          SIGNS[row.layout % SIGNS.length],
          colourOf(row, colours),
          colours,
        ),
        tooltip: {
          formatter: ({ dataIndex, value }) =>
            tip(
              nameOf(row),
              `${words.epoch} ${dataIndex + 1}: ${axis.tip(value)}`,
              ...(axis.note?.(row, dataIndex) ?? []),
              row.shared,
            ),
        },
      })),
        ...(axis.whisker ? rows.map((row) => whiskers(row, valuesOf(row), axis, colours)) : []),
      ],
    },
  };
}

/** The interval of each point, upright. */
function whiskers(row, values, axis, colours) {
  return {
    type: "custom",
    silent: true,
    data: values.map((value, epoch) => [epoch, value]),
    renderItem: (params, api) => {
      const interval = axis.whisker(row, params.dataIndex);
      if (interval === null) return null;
      const [x, low] = api.coord([api.value(0), interval[0]]);
      const high = api.coord([api.value(0), interval[1]])[1];
      return line(x, low, x, high, colourOf(row, colours), 1.5);
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

function epochByEpoch(group, zoomed, colours, width) {
  const rows = contestants(group).filter((row) => row.epochs.length > 1);
  if (rows.length === 0) return null;
  const times = (row) => row.epochs.map((epoch) => epoch.time);
  const ends = group.peers
    .flatMap(contestants)
    .flatMap(times)
    .map((time) => time.high ?? time.mean);
  const unit = timeUnit(Math.max(...ends));
  const largest = Math.max(...ends) * unit.factor;
  const text = (value) => `${number(value)} ${unit.symbol}`;
  const axis = {
    range: zoomed ? { scale: true } : zeroAxis(largest),
    label: text,
    tip: text,
    whisker: (row, epoch) => {
      const { low, high } = row.epochs[epoch].time;
      return low === null ? null : [low * unit.factor, high * unit.factor];
    },
    note: (row, epoch) => [
      row.epochs[epoch].time.range && `${words.interval} ${row.epochs[epoch].time.range}`,
      row.epochs[epoch].residency && `${row.epochs[epoch].residency} ${words.in_cache}`,
    ],
  };
  const scaled = (row) => times(row).map((time) => time.mean * unit.factor);
  return lines(rows, scaled, axis, colours, width);
}

function accuracy(group, _zoomed, colours, width) {
  const rows = contestants(group).filter((row) => row.curves.test_top1.length > 0);
  if (rows.length === 0) return null;
  const range = { min: 0, max: 1, interval: 0.25 };
  const axis = { range, label: percent, tip: percent };
  return lines(merged(rows, "test_top1"), (row) => row.curves.test_top1, axis, colours, width);
}

function loss(key) {
  return (group, _zoomed, colours, width) => {
    const rows = contestants(group).filter((row) => row.curves[key].length > 0);
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
  return same.length === rows.length
    ? words.all_layouts
    : fill(words.some_layouts, { n: same.length });
}
