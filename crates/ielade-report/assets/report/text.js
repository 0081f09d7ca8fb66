// Numbers and text.

const escaped = (text) =>
  String(text).replace(
    /[&<>"']/g,
    (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[c],
  );

/** A number with four significant digits, thousands set apart. */
function number(value) {
  if (!Number.isFinite(value)) return "–";
  return value.toLocaleString("en-GB", { maximumSignificantDigits: 4 });
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

/** The next larger number of the form 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten. */
function roundUp(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const steps = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];
  return power * steps.find((step) => step * power >= value * 1.02 || step === 10);
}

const nameOf = (row) => row.label ?? figures.layouts[row.layout].name;
const shapeOf = (row) => SHAPES[row.layout % SHAPES.length];
const colourOf = (row, colours) => colours.layouts[row.layout % COLOURS];

/** Pixels that the longest name takes at 12 pixels, at most `most`. */
function nameWidth(rows, most) {
  const longest = Math.max(0, ...rows.map((row) => nameOf(row).length));
  return Math.min(most, Math.ceil(longest * 6.9) + 6);
}
