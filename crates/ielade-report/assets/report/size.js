// Size against speed.

function sizeAgainstSpeed(group, _zoomed, colours, width) {
  const rows = contestants(group).filter((row) => row.rate && figures.layouts[row.layout].bytes !== null);
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
        ...axisName(colours, `${words.training_store} (${unit.symbol})`, 24),
        min: 0,
        max: largest,
        splitLine: { show: false },
        axisLine: { show: true, lineStyle: { color: colours.strongRule } },
      },
      yAxis: {
        ...valueAxis(colours, number),
        name: words.images_per_second,
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
