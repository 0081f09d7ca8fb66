// Which layouts, consumer and state of the cache are shown, in tables and charts alike.
//
// The choice stands in the page's address (#filter=layout:npy/u8,files/png;consumer:cnn;cache:cold),
// so that it can be sent on.

const filter = { layouts: null, consumer: "", cache: "" };

const showsName = (name) => filter.layouts === null || filter.layouts.has(name);
const showsLayout = (place) => showsName(figures.layouts[place].name);
const showsConsumer = (name) => filter.consumer === "" || filter.consumer === name;
const showsCache = (name) => filter.cache === "" || filter.cache === name;

/** Reads the choice from the address; what it does not know, it leaves out. */
function readFilter() {
  const asked = /[#&]filter=([^&]*)/.exec(location.hash);
  const parts = new Map(
    (asked ? asked[1].split(";") : []).map((part) => {
      const [key, ...value] = part.split(":");
      return [key, value.join(":").split(",").map(decodeURIComponent)];
    }),
  );
  const names = new Set(figures.layouts.map(({ name }) => name));
  const layouts = new Set((parts.get("layout") ?? []).filter((name) => names.has(name)));
  filter.layouts = layouts.size > 0 && layouts.size < names.size ? layouts : null;
  const known = (key) => {
    const value = parts.get(key)?.join(",") ?? "";
    return figures.groups.some((group) => group[key] === value) ? value : "";
  };
  filter.consumer = known("consumer");
  filter.cache = known("cache");
}

function writeFilter() {
  const list = filter.layouts && [...filter.layouts].map(encodeURIComponent).join(",");
  const parts = [
    list && `layout:${list}`,
    filter.consumer && `consumer:${encodeURIComponent(filter.consumer)}`,
    filter.cache && `cache:${filter.cache}`,
  ].filter(Boolean);
  const theme = /theme=(light|dark)\b/.exec(location.hash)?.[0];
  const hash = [theme, parts.length > 0 && `filter=${parts.join(";")}`].filter(Boolean).join("&");
  history.replaceState(null, "", hash === "" ? location.pathname + location.search : `#${hash}`);
}

/** Hides the rows and the tables that the filter leaves out. */
function filterTables() {
  for (const part of document.querySelectorAll("[data-layout], [data-consumer], [data-cache]")) {
    const { layout, consumer, cache } = part.dataset;
    // What has no cache, as batches from memory, belongs to each.
    part.hidden = !(
      (layout === undefined || showsName(layout)) &&
      (consumer === undefined || showsConsumer(consumer)) &&
      (cache === undefined || cache === "" || showsCache(cache))
    );
  }
  for (const more of document.querySelectorAll("details[data-tables]")) {
    const shown = more.querySelectorAll(".block:not([hidden])").length;
    more.hidden = shown === 0;
    if (filter.consumer !== "" && shown > 0) more.open = true;
  }
}

function showFilter(bar) {
  for (const box of bar.querySelectorAll("input")) box.checked = showsName(box.value);
  for (const name of ["consumer", "cache"]) {
    const choice = bar.querySelector(`[data-choose=${name}]`);
    if (choice) choice.value = filter[name];
  }
  const all = figures.layouts.length;
  const shown = filter.layouts?.size ?? all;
  const told = [
    fill(shown === all ? words.shown_all : words.shown_some, { n: shown, all }),
    consumerName(filter.consumer),
    cacheName(filter.cache),
  ];
  bar.querySelector("[data-told]").textContent = told.filter(Boolean).join(" · ");
}

function choose(bar) {
  const boxes = [...bar.querySelectorAll("input")];
  const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
  const isSome = chosen.length > 0 && chosen.length < boxes.length;
  filter.layouts = isSome ? new Set(chosen) : null;
  for (const name of ["consumer", "cache"]) {
    filter[name] = bar.querySelector(`[data-choose=${name}]`)?.value ?? "";
  }
}

function setUpFilter() {
  const bar = document.getElementById("filter");
  const apply = () => {
    showFilter(bar);
    filterTables();
  };
  bar.hidden = false;
  bar.addEventListener("change", () => {
    choose(bar);
    writeFilter();
    apply();
    redrawAll();
  });
  bar.querySelector("[data-reset]").addEventListener("click", () => {
    Object.assign(filter, { layouts: null, consumer: "", cache: "" });
    writeFilter();
    apply();
    redrawAll();
  });
  addEventListener("hashchange", () => {
    readFilter();
    apply();
    redrawAll();
  });
  readFilter();
  apply();
}
