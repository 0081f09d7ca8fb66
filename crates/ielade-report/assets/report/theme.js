// What all parts know of: the figures, the words, the signs of the layouts. And the theme.

const root = document.documentElement;
const figures = JSON.parse(document.getElementById("figures").textContent);
const words = figures.words;
const SHAPES = ["circle", "rect", "triangle", "diamond", "path://M0 0 L10 0 L5 10 Z"];
const SIGNS = ["●", "■", "▲", "◆", "▼"];
const COLOURS = 8;

const THEMES = ["system", "light", "dark"];
const STORED = "ielade-theme";

function storedTheme() {
  const asked = /[#?&]theme=(light|dark)\b/.exec(location.search + location.hash);
  if (asked) return asked[1];
  try {
    const stored = localStorage.getItem(STORED);
    return THEMES.includes(stored) ? stored : "system";
  } catch {
    return "system"; // A page from a file may not store anything.
  }
}

function keepTheme(theme) {
  try {
    localStorage.setItem(STORED, theme);
  } catch {
    // The choice lasts as long as the page, then.
  }
}

function showTheme(theme) {
  if (theme === "system") root.removeAttribute("data-theme");
  else root.dataset.theme = theme;
  const button = document.getElementById("theme");
  button.textContent = `${words.theme}: ${words.themes[THEMES.indexOf(theme)]}`;
  button.dataset.current = theme;
}

function setUpTheme() {
  showTheme(storedTheme());
  const button = document.getElementById("theme");
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(button.dataset.current) + 1) % THEMES.length];
    keepTheme(next);
    showTheme(next);
    drawAll();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
}

/** The colours of the theme in force. */
function palette() {
  const style = getComputedStyle(root);
  const of = (name) => style.getPropertyValue(name).trim();
  return {
    page: of("--page"),
    surface: of("--surface"),
    text: of("--text"),
    muted: of("--muted"),
    rule: of("--rule"),
    strongRule: of("--strong-rule"),
    layouts: Array.from({ length: COLOURS }, (_, place) => of(`--c${place}`)),
    font: getComputedStyle(document.body).fontFamily,
  };
}
