// Where an epoch's time goes: compute, preparation, fetch, one upon the other.

function timeSplit(split, _zoomed, colours, width) {
  const rows = split.rows;
  if (rows.length === 0) return null;
  const kinds = [
    { name: words.compute, colour: colours.strongRule, of: () => split.compute },
    { name: words.preparation, colour: colours.layouts[0], of: (row) => row.preparation },
    { name: words.fetch, colour: colours.layouts[1], of: (row) => row.fetch },
  ].filter(({ of }) => rows.some((row) => of(row)));
  const lengthOf = (row, kind) => Math.max(0, kind.of(row)?.mean ?? 0);
  const totalOf = (row) => kinds.reduce((sum, kind) => sum + lengthOf(row, kind), 0);
  const largest = Math.max(...rows.map(totalOf));
  const unit = timeUnit(largest);
  const left = nameWidth(rows, width * 0.35);
  return {
    height: rows.length * 34 + 62,
    option: {
      ...frame(colours),
      grid: { left: left + 8, right: 18, top: 30, bottom: 28, outerBoundsMode: "none" },
      xAxis: {
        ...valueAxis(colours, (value) => `${number(value)} ${unit.symbol}`),
        ...zeroAxis(largest * unit.factor),
      },
      yAxis: nameAxis(rows, left, colours),
      series: kinds.map((kind, level) => ({
        type: "custom",
        name: kind.name,
        data: rows.map((row, place) => [lengthOf(row, kind) * unit.factor, place]),
        tooltip: {
          formatter: ({ dataIndex }) => {
            const own = kind.of(rows[dataIndex]);
            return tip(
              nameOf(rows[dataIndex]),
              `${kind.name}: ${own?.text ?? "–"}`,
              own?.range && `${words.interval} ${own.range}`,
            );
          },
        },
        renderItem: (params, api) => {
          const row = rows[params.dataIndex];
          const before = kinds
            .slice(0, level)
            .reduce((sum, other) => sum + lengthOf(row, other), 0);
          const [from, y] = api.coord([before * unit.factor, api.value(1)]);
          const to = api.coord([(before + lengthOf(row, kind)) * unit.factor, api.value(1)])[0];
          const bar = {
            type: "rect",
            shape: { x: from, y: y - 9, width: Math.max(0, to - from), height: 18 },
            style: { fill: kind.colour },
          };
          return params.dataIndex === 0
            ? { type: "group", children: [bar, ...legendEntry(kinds, level, params, colours)] }
            : bar;
        },
      })),
    },
  };
}

/** Square and name of a kind, above the bars. */
function legendEntry(kinds, level, { coordSys }, colours) {
  const before = kinds.slice(0, level).reduce((sum, { name }) => sum + name.length * 7 + 34, 0);
  const x = coordSys.x + before;
  return [
    { type: "rect", shape: { x, y: 8, width: 10, height: 10 }, style: { fill: kinds[level].colour } },
    {
      type: "text",
      x: x + 15,
      y: 13,
      style: {
        text: kinds[level].name,
        fill: colours.muted,
        font: `12px ${colours.font}`,
        textVerticalAlign: "middle",
      },
    },
  ];
}
