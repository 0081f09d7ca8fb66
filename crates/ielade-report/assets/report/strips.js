// Total time, mean epoch time: every run as a point.

/** A row a layout: the runs as points, above them the mean with its interval. */
function strip(key) {
  return (group, zoomed, colours, width) => {
    const rows = group.rows.filter((row) => row[key]);
    if (rows.length === 0) return null;
    // Panels of one consumer share one axis, so that states of the cache can be compared.
    const largest = Math.max(...group.peers.map((peer) => largestOf(peer, key)));
    const unit = timeUnit(largest);
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
          ...(zoomed ? { scale: true } : zeroAxis(largest * unit.factor)),
        },
        yAxis: nameAxis(rows, left, colours, "bottom"),
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

const largestOf = (group, key) =>
  Math.max(
    0,
    ...group.rows.flatMap((row) => [...row.points, ...row.left_out].map((point) => point[key] ?? 0)),
  );

/** The runs of a row, moved up and down a little so that they do not hide each other. */
function pointsOf(row, place, key, scaled, colours) {
  const colour = colourOf(row, colours);
  const counted = { color: colour, opacity: 0.55 };
  const apart = { color: "transparent", borderColor: colour, borderWidth: 2 };
  const looks = [
    ...row.points.map((point) => ({
      point,
      symbol: point.note ? "path://M0 0L10 10M10 0L0 10" : shapeOf(row),
      itemStyle: point.note ? apart : counted,
    })),
    ...row.left_out.map((point) => ({
      point,
      symbol: "circle",
      itemStyle: { ...apart, borderColor: colours.muted, borderWidth: 1.5 },
    })),
  ];
  return looks
    .filter(({ point }) => point[key] !== null)
    .map(({ point, ...look }, run) => ({
      ...look,
      value: [scaled(point[key]), place],
      symbolOffset: [0, 11 + ((run * 5) % 7) - 3],
      tip: tip(nameOf(row), seconds(point[key]), runName(point), point.note),
    }));
}

const runName = (point) =>
  `${words.run} ${point.sequence + 1}, ${words.block} ${point.block + 1}`;

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
