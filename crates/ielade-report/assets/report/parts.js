// Parts of charts.

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
    `${runs === 1 ? words.mean_of_one : counted(words.mean_of, runs)}: ${mean.text}`,
    mean.range && `${words.interval} ${mean.range}`,
  );

const line = (x1, y1, x2, y2, stroke, lineWidth) => ({
  type: "line",
  shape: { x1, y1, x2, y2 },
  style: { stroke, lineWidth, lineCap: "butt" },
});

/** The layouts of a group that compete; the control stands beside them. */
const contestants = (group) => group.rows.filter((row) => !row.is_control);

/** A horizontal axis of layouts' names. */
function nameAxis(rows, left, colours, verticalAlign = "middle") {
  return {
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
      verticalAlign,
      interval: 0,
    },
  };
}

/** A name at the end of a line, with the sign of its layout before it. */
function endLabel(name, sign, colour, colours) {
  return {
    show: true,
    formatter: `{mark|${sign}} ${name}`,
    color: colours.text,
    fontSize: 12,
    fontFamily: colours.font,
    distance: 8,
    rich: { mark: { color: colour, fontSize: 9 } },
  };
}
