// Numbers and text.

const escaped = (text) =>
  String(text).replace(
    /[&<>"']/g,
    (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[c],
  );

/** A number with four significant digits, thousands set apart. */
function number(value) {
  if (!Number.isFinite(value)) return "–";
  return value.toLocaleString(root.lang === "en" ? "en-GB" : root.lang, {
    maximumSignificantDigits: 4,
    useGrouping: "always",
  });
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

/** A number of bytes in a unit that fits it. */
const bytes = (value) => {
  const unit = byteUnit(value);
  return `${number(value * unit.factor)} ${unit.symbol}`;
};

const percent = (value) => `${number(value * 100)} %`;

/** The text with `{name}` replaced by the value of that name. */
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** A text in the form that goes with the number; see words that have several forms. */
const counted = (forms, n) =>
  fill(forms[new Intl.PluralRules(root.lang).select(n)] ?? forms.other, { n });

/** What a consumer and a state of the cache are called. */
const consumerName = (name) => figures.consumers[name] ?? name;
const cacheName = (name) => words.caches[name] ?? name;

/** An axis from zero to a round number at or above `largest`, in three to six round steps. */
function zeroAxis(largest) {
  if (!(largest > 0)) return { min: 0, max: 1 };
  const power = 10 ** Math.floor(Math.log10(largest / 4));
  const interval = power * [1, 2, 2.5, 5, 10].find((step) => largest / (step * power) <= 5.001);
  // 0.1 + 0.2 is not 0.3.
  const max = Number((Math.ceil(largest / interval - 1e-9) * interval).toPrecision(12));
  return { min: 0, max, interval };
}

const nameOf = (row) => row.label ?? figures.layouts[row.layout].name;
const shapeOf = (row) => SHAPES[row.layout % SHAPES.length];
const colourOf = (row, colours) => colours.layouts[row.layout % COLOURS];

/** Pixels that the longest name takes at 12 pixels, at most `most`. */
function nameWidth(rows, most) {
  const longest = Math.max(0, ...rows.map((row) => nameOf(row).length));
  return Math.min(most, Math.ceil(longest * 6.9) + 6);
}
