// Size against speed.

function sizeAgainstSpeed(group, _zoomed, colours, width) {
  const rows = contestants(group).filter((row) => row.rate && figures.layouts[row.layout].bytes !== null);
  if (rows.length === 0) return null;
  const bytesOf = (row) => figures.layouts[row.layout].bytes;
  const unit = byteUnit(Math.max(...rows.map(bytesOf)));
  const across = zeroAxis(Math.max(...rows.map(bytesOf)) * unit.factor * 1.05);
  const up = zeroAxis(Math.max(...rows.map((row) => row.rate.high ?? row.rate.mean)));
  const height = 290;
  const left = Math.max(58, number(up.max).length * 6.6 + 16);
  const grid = { left, right: 20, top: 30, bottom: 40, outerBoundsMode: "none" };
  const marks = rows.map((row) => ({
    row,
    value: [bytesOf(row) * unit.factor, row.rate.mean],
  }));
  const toPixels = ([x, y]) => [
    grid.left + (x / across.max) * (width - grid.left - grid.right),
    height - grid.bottom - (y / up.max) * (height - grid.top - grid.bottom),
  ];
  const sides = labelSides(
    marks.map(({ row, value }) => ({ name: nameOf(row), at: toPixels(value) })),
    { left: grid.left, right: width, bottom: height - grid.bottom },
  );
  return {
    height,
    option: {
      ...frame(colours),
      grid,
      xAxis: {
        ...valueAxis(colours, number),
        ...axisName(colours, `${words.training_store} (${unit.symbol})`, 24),
        ...across,
        splitLine: { show: false },
        axisLine: { show: true, lineStyle: { color: colours.strongRule } },
      },
      yAxis: {
        ...valueAxis(colours, number),
        name: words.images_per_second,
        nameGap: 10,
        nameTextStyle: { ...axisText(colours), align: "right", padding: [0, 8, 0, 0] },
        ...up,
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
            label: sides[place],
          })),
          label: {
            show: true,
            formatter: "{b}",
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

/** On which side of its mark each name stands, and how far off, so that names and marks do not
 * meet. */
function labelSides(marks, { left, right, bottom }) {
  const around = ([x, y], reach) => ({ l: x - reach, r: x + reach, t: y - reach, b: y + reach });
  const meet = (a, b) => a.l < b.r && b.l < a.r && a.t < b.b && b.t < a.b;
  const taken = marks.map(({ at }) => around(at, 6));
  return marks.map(({ name, at: [x, y] }) => {
    const half = name.length * 3.6;
    const box = (position, off) =>
      ({
        top: { l: x - half, r: x + half, t: y - 20 - off, b: y - 3 - off },
        bottom: { l: x - half, r: x + half, t: y + 3 + off, b: y + 20 + off },
        right: { l: x + 3 + off, r: x + 3 + off + 2 * half, t: y - 8, b: y + 8 },
        left: { l: x - 3 - off - 2 * half, r: x - 3 - off, t: y - 8, b: y + 8 },
      })[position];
    const places = [6, 20, 34, 48].flatMap((distance) =>
      ["top", "bottom", "right", "left"].map((position) => ({ position, distance })),
    );
    const isFree = ({ position, distance }) => {
      const own = box(position, distance);
      const inside = own.l > left && own.r < right && own.t > 0 && own.b < bottom + 8;
      return inside && !taken.some((other) => meet(own, other));
    };
    const chosen = places.find(isFree);
    // Without room the sign must do; what it means stands in the filter.
    if (chosen === undefined) return { show: false };
    taken.push(box(chosen.position, chosen.distance));
    return { show: true, ...chosen };
  });
}
