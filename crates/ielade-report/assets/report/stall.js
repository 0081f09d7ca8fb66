// Stall against step time, with the break-even step of each layout.

/** A step axis: in equal ratios where the steps differ by much. */
function stepAxis(steps, colours) {
  const least = Math.min(...steps);
  const most = Math.max(...steps);
  const base = {
    ...valueAxis(colours, number),
    ...axisName(colours, words.step, 24),
    splitLine: { show: false },
    axisLine: { show: true, lineStyle: { color: colours.strongRule } },
  };
  if (least > 0 && most / least > 8) {
    return { ...base, type: "log", logBase: 2, min: least / 1.1, max: most * 1.1 };
  }
  return { ...base, ...zeroAxis(most) };
}

function stallCurves({ curves, peers }, _zoomed, colours, width) {
  if (curves.length === 0) return null;
  const steps = curves.flatMap((curve) => curve.points.map((point) => point.milliseconds));
  const shares = peers.flatMap((curve) => curve.points.map(({ share }) => share.high ?? share.mean));
  const up = zeroAxis(Math.max(figures.starved * 2, ...shares));
  const right = nameWidth(curves, width * 0.4) + 24;
  return {
    height: 290,
    finish: (chart) => partEndLabels(chart, curves.map((curve) => curve.points.at(-1).share.mean)),
    option: {
      ...frame(colours),
      grid: { left: 48, right, top: 14, bottom: 40, outerBoundsMode: "none" },
      xAxis: stepAxis(steps, colours),
      yAxis: { ...valueAxis(colours, percent), ...up },
      series: [
        ...curves.map((curve) => stallCurve(curve, colours)),
        {
          type: "scatter",
          symbol: "diamond",
          symbolSize: 13,
          data: curves
            .filter((curve) => curve.break_even !== null)
            .map((curve) => ({
              value: [curve.break_even, figures.starved],
              itemStyle: {
                color: colours.page,
                borderColor: colourOf(curve, colours),
                borderWidth: 2.5,
              },
              tip: tip(nameOf(curve), `${words.break_even}: ${curve.break_even_text}`),
            })),
          tooltip: { formatter: ({ data }) => data.tip },
          markLine: {
            silent: true,
            symbol: "none",
            label: {
              formatter: `${words.starved} ↑`,
              position: "insideEndTop",
              ...axisText(colours),
            },
            lineStyle: { color: colours.muted, type: "dashed", width: 1.5 },
            data: [{ yAxis: figures.starved }],
          },
        },
      ],
    },
  };
}

function stallCurve(curve, colours) {
  const colour = colourOf(curve, colours);
  return {
    type: "line",
    name: nameOf(curve),
    data: onStraightLines(curve),
    symbolSize: 7,
    lineStyle: { width: 2, color: colour },
    itemStyle: { color: colour },
    endLabel: endLabel(nameOf(curve), SIGNS[curve.layout % SIGNS.length], colour, colours),
    tooltip: {
      formatter: ({ data }) => {
        const { milliseconds, profile, share } = data.point;
        return tip(
          nameOf(curve),
          `${number(milliseconds)} ms${profile ? `, ${profile}` : ""}: ${words.stall} ${share.text}`,
          share.range && `${words.interval} ${share.range}`,
          `${words.break_even}: ${curve.break_even_text}`,
        );
      },
    },
  };
}

/** The points of a curve, and between them as many more as a straight line needs to stay one on
 * an axis of ratios. */
function onStraightLines(curve) {
  const BETWEEN = 16;
  return curve.points.flatMap((point, place) => {
    const at = { value: [point.milliseconds, point.share.mean], symbol: shapeOf(curve), point };
    const next = curve.points[place + 1];
    if (!next) return [at];
    const between = Array.from({ length: BETWEEN - 1 }, (_, step) => {
      const part = (step + 1) / BETWEEN;
      const along = (from, to) => from + part * (to - from);
      return {
        value: [
          along(point.milliseconds, next.milliseconds),
          along(point.share.mean, next.share.mean),
        ],
        symbol: "none",
      };
    });
    return [at, ...between];
  });
}

/** A panel a state of the cache. */
function stallPanels() {
  const shown = figures.stalls.filter(
    (curve) => curve.points.length > 1 && showsLayout(curve.layout) && showsCache(curve.cache),
  );
  const caches = [...new Set(shown.map((curve) => curve.cache))];
  return caches.map((cache) => ({
    title: `${words.cache}: ${cacheName(cache)}`,
    consumer: null,
    subject: { curves: shown.filter((curve) => curve.cache === cache), peers: shown },
    draw: stallCurves,
  }));
}
