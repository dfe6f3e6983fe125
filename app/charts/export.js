/**
 * Saves a chart from the browser, without the server: as a picture, or as a page of its own that opens offline.
 */

const PADDING = 16;
/** A picture cannot hold the page's fonts, and text measured in one of them would not fit in another. */
const FONTS = {"--font": "system-ui, sans-serif", "--mr-display": "system-ui, sans-serif"};
const LINE = 17;
const LETTER = 7;
/** What a saved page may do: run what it holds and show pictures that it holds. Nothing leads to any host. */
const POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:";

export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Save the chart with its title and its reading, at the step on show, in the page's colours. */
export async function saveAsPicture(chart, Plotly) {
  const figure = atStep(chart.pageFigure({getPropertyValue: (name) => FONTS[name] ?? chart.colour(name)}), chart.step);
  const {layout} = figure;
  const letters = Math.floor((layout.width - 2 * PADDING) / LETTER);
  const words = [chart.parts.units, chart.parts.reading].flatMap((part) => wrapped(part.textContent, letters));
  const title = wrapped(chart.parts.title.textContent, letters).map((line) => `<b>${line}</b>`);
  const room = 1.5 * PADDING + LINE * (title.length + words.length);
  const margin = {l: 46, r: 12, t: 8, b: 40, ...layout.margin};
  Object.assign(layout, {
    height: layout.height + room,
    margin: {...margin, t: margin.t + room},
    paper_bgcolor: chart.colour("--mr-surface"),
    title: {
      text: [...title, ...words].join("<br>"),
      font: {size: 13, color: chart.colour("--mr-ink")},
      x: 0,
      xanchor: "left",
      y: 1,
      yref: "container",
      yanchor: "top",
      pad: {l: PADDING, t: PADDING},
    },
  });
  const address = await Plotly.toImage(figure, {format: "png", width: layout.width, height: layout.height, scale: 2});
  download(await (await fetch(address)).blob(), `${chart.settings.fileName}.png`);
}

/** Save a page that holds plotly, this page's chart component and the whole figure, its animation included. */
export async function saveAsPage(chart) {
  const [plotly, component, css] = await Promise.all(
    [chart.urls.plotly, chart.urls.chart, chart.urls.css].map(async (url) => {
      const answer = await fetch(url);
      if (!answer.ok) throw new Error(`the server answered ${answer.status} for ${url}`);
      return answer.text();
    }),
  );
  const name = chart.settings.fileName;
  download(new Blob([page(chart, plotly, component, css)], {type: "text/html"}), `${name}.html`);
}

function page(chart, plotly, component, css) {
  const settings = {...chart.settings, paths: {}};
  const variables = [...new Set(`${css} ${JSON.stringify(chart.value)}`.match(/--[\w-]+/g))];
  const colours = variables.map((name) => [name, chart.colour(name)]).filter(([, value]) => value);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${safe(chart.parts.title.textContent)} · MealRec</title>
<style>
:root { ${colours.map(([name, value]) => `${name}: ${value};`).join(" ")} }
body { margin: 0 auto; padding: 24px; max-width: 960px; background: var(--mr-surface); font-family: var(--font, sans-serif); }
${css}
</style>
</head>
<body>
<main>${empty(chart.parts.chart)}</main>
<script>${inline(plotly)}</script>
<script type="module">
${inline(component)}
const element = document.querySelector("main");
const props = {value: ${JSON.stringify(chart.value).replaceAll("<", "\\u003c")}};
const settings = ${JSON.stringify(settings).replaceAll("<", "\\u003c")};
mount({element, props, settings, root: "", trigger: () => {}, watch: () => {}});
</script>
</body>
</html>
`;
}

/** The component's own markup, without what was drawn into it and without the buttons that save it. */
function empty(figure) {
  const copy = figure.cloneNode(true);
  copy.querySelector(".chart-plot").replaceWith(Object.assign(document.createElement("div"), {className: "chart-plot"}));
  copy.querySelector(".chart-plot").setAttribute("role", "img");
  copy.querySelector(".chart-exports").remove();
  copy.style.height = "auto";
  return copy.outerHTML;
}

/** A script's text as it may stand inside of a page: no end tag within it closes the element. */
function inline(script) {
  return script.replaceAll(/<(\/script|!--)/gi, "\\x3c$1");
}

/** The figure with the traces of one animation step and without its frames. */
function atStep(figure, step) {
  const frame = figure.frames?.[step];
  frame?.traces.forEach((index, place) => Object.assign(figure.data[index], frame.data[place]));
  const {data, layout} = figure;
  return {data, layout};
}

function wrapped(text, width) {
  const lines = [""];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (longer.length > width && lines.at(-1)) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines.filter(Boolean).map(safe);
}

function safe(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
