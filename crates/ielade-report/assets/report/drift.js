// Order of the runs.

function drift(group, _zoomed, colours) {
  const rows = contestants(group).filter((row) => row.epoch && row.epoch.mean > 0);
  if (rows.length === 0) return null;
  const runs = rows.flatMap((row) =>
    row.points.map((point) => ({
      value: [point.sequence + 1, (point.epoch / row.epoch.mean) * 100],
      symbol: shapeOf(row),
      itemStyle: { color: colourOf(row, colours), opacity: 0.8 },
      tip: tip(
        nameOf(row),
        runName(point),
        `${seconds(point.epoch)}, ${number((point.epoch / row.epoch.mean) * 100)} % ${words.of_mean}`,
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
        ...axisName(colours, words.run, 24),
        axisLabel: { ...axisText(colours), showMaxLabel: false },
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
