/**
 * Draws one Plotly figure inside a gr.HTML element: frames with Play and a slider, colours from the page's CSS
 * variables, width from its container, clicks back to Python.
 *
 * The figure may carry in layout.meta: `captions`, a line for each frame; `narrow`, settings by dotted path from the
 * figure's root ("layout.height", "data.3.text") that hold while the chart is narrower than NARROW pixels; `minWidth`,
 * below which the plot scrolls sideways in its place.
 *
 * export.js saves a chart; it loads with the first click. A saved page holds this very file.
 */

const NARROW = 480;
const STEP_MS = 260;
const CSS_VARIABLE = /^var\((--[\w-]+)\)$/;
const CONFIG = {displayModeBar: false, responsive: false, scrollZoom: false, doubleClick: false};

let plotlyLoading = null;

/** Load plotly.js once for the whole page, and only when a first figure wants it. */
function loadPlotly(url) {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  plotlyLoading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      plotlyLoading = null;
      reject(new Error("The chart library did not load."));
    };
    document.head.append(script);
  });
  return plotlyLoading;
}

/** Copy a JSON value; every "var(--name)" in it becomes what the page says that variable is at `node`. */
function withPageColours(value, styles) {
  if (typeof value === "string") {
    const variable = value.match(CSS_VARIABLE);
    return variable ? styles.getPropertyValue(variable[1]).trim() || "#888888" : value;
  }
  if (Array.isArray(value)) return value.map((entry) => withPageColours(entry, styles));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withPageColours(entry, styles)]));
}

function setByPath(target, path, value) {
  const keys = path.split(".");
  const last = keys.pop();
  const parent = keys.reduce((level, key) => (level[key] ??= {}), target);
  parent[last] = value;
}

/** Remove a plot's old frames, last first: deleteFrames orders a list of indices as text and loses count past ten. */
async function forgetFrames(Plotly, plot) {
  for (let index = (plot._transitionData?._frames.length ?? 0) - 1; index >= 0; index--) {
    await Plotly.deleteFrames(plot, [index]);
  }
}

class Chart {
  constructor({element, trigger, settings, root}) {
    this.trigger = trigger;
    this.settings = settings;
    this.urls = Object.fromEntries(Object.entries(settings.paths).map(([name, path]) => [name, root + path]));
    this.parts = Object.fromEntries(
      ["title", "units", "reading", "note", "plot", "controls", "play", "slider", "step"].map((name) => [
        name,
        element.querySelector(`.chart-${name}`),
      ]),
    );
    this.parts.chart = element.querySelector(".chart");
    this.value = null;
    this.generation = 0;
    this.drawnWidth = 0;
    this.drawnInk = "";
    this.near = false;
    this.timer = null;
    this.moving = null;
    this.calm = window.matchMedia("(prefers-reduced-motion: reduce)");
    this.buttons = [...element.querySelectorAll(".chart-export")];
    this.listen();
    this.show(null);
  }

  listen() {
    const {chart, play, slider} = this.parts;
    play.addEventListener("click", () => (this.timer ? this.pause() : this.start()));
    slider.addEventListener("input", () => {
      this.pause();
      this.goTo(Number(slider.value), 0);
    });
    for (const button of this.buttons) button.addEventListener("click", () => this.save(button));
    new ResizeObserver(() => this.fit()).observe(chart);
    // plotly.js is large: it loads, and a chart is drawn, no earlier than a screen's height before it comes into view.
    const arrival = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        arrival.disconnect();
        this.near = true;
        this.draw();
      },
      {rootMargin: "100% 0px"},
    );
    arrival.observe(chart);
    const themed = new MutationObserver(() => this.inkOfPage() !== this.drawnInk && this.draw());
    for (const node of [document.documentElement, document.body]) {
      themed.observe(node, {attributes: true, attributeFilter: ["class", "data-theme"]});
    }
  }

  /** Take a new value from Python; null brings the empty state back. */
  show(value) {
    this.pause();
    this.value = value?.figure ? value : null;
    this.drawable = Boolean(this.value?.figure.data.length);
    this.frames = this.value?.figure.frames ?? [];
    this.step = Math.max(0, this.frames.length - 1);
    this.describe();
    return this.draw();
  }

  describe() {
    const {chart, title, units, reading, note, plot, controls, slider} = this.parts;
    const heading = this.value?.figure.layout.title;
    title.textContent = heading?.text ?? this.settings.title;
    units.textContent = heading?.subtitle?.text ?? "";
    reading.textContent = this.drawable ? this.value.reading : "";
    note.textContent = this.drawable ? "" : (this.value?.reading ?? this.settings.emptyNote);
    plot.setAttribute("aria-label", `${title.textContent}. ${reading.textContent}`);
    chart.dataset.state = this.drawable ? "drawn" : "empty";
    controls.hidden = this.frames.length < 2;
    for (const button of this.buttons) {
      const form = button.dataset.form === "png" ? "as a picture (PNG)" : "as a page that opens offline (HTML)";
      button.title = `Save this chart ${form}`;
      button.setAttribute("aria-label", `Save “${title.textContent}” ${form}`);
    }
    slider.max = Math.max(0, this.frames.length - 1);
    slider.setAttribute("aria-label", `Step of: ${title.textContent}`);
    this.showStep();
  }

  /** Draw the present value: after an update, a change of theme, or a change of width. */
  async draw() {
    if (!this.drawable || !this.near) return;
    if (!this.parts.chart.clientWidth) {
      this.drawnWidth = 0; // hidden in a tab: what is drawn is of an older value, so fit() draws it once it is shown
      return;
    }
    const generation = ++this.generation;
    const Plotly = await loadPlotly(this.urls.plotly);
    if (generation !== this.generation) return;
    const {plot} = this.parts;
    const figure = this.pageFigure();
    this.drawnWidth = this.parts.chart.clientWidth;
    if (figure.layout.width > this.drawnWidth) plot.tabIndex = 0; // it scrolls, so the keyboard has to reach it
    else plot.removeAttribute("tabindex");
    this.drawnInk = this.inkOfPage();
    await this.moving;
    await Plotly.react(plot, figure.data, figure.layout, CONFIG);
    await forgetFrames(Plotly, plot);
    if (figure.frames?.length) await Plotly.addFrames(plot, figure.frames);
    if (!this.clickable) {
      plot.on("plotly_click", (event) => this.select(event));
      this.clickable = true;
    }
    if (generation === this.generation && this.step !== this.frames.length - 1) await this.goTo(this.step, 0);
  }

  /** The figure as this page wants it now: its colours, its width, its title as text above the plot. */
  pageFigure(styles = getComputedStyle(this.parts.plot)) {
    const {chart} = this.parts;
    const figure = withPageColours(this.value.figure, styles);
    const width = chart.clientWidth;
    delete figure.layout.title;
    Object.assign(figure.layout, {width: Math.max(width, figure.layout.meta?.minWidth ?? 0), autosize: false});
    if (width < NARROW) {
      for (const [path, value] of Object.entries(figure.layout.meta?.narrow ?? {})) {
        setByPath(figure, path, value);
      }
    }
    return figure;
  }

  /** The page's text colour: it changes with the theme, unlike other classes of the body. */
  inkOfPage() {
    return this.colour("--mr-ink");
  }

  /** What a CSS variable of the page is at this chart. */
  colour(variable) {
    return getComputedStyle(this.parts.chart).getPropertyValue(variable);
  }

  fit() {
    const width = this.parts.chart.clientWidth;
    if (!this.drawable || !width || width === this.drawnWidth) return;
    this.draw();
  }

  select(event) {
    const point = event.points.find((candidate) => candidate.customdata?.[0] !== undefined);
    if (!point) return;
    this.trigger("select", {index: [point.curveNumber, point.pointNumber], value: point.customdata[0]});
  }

  async goTo(step, duration) {
    this.step = step;
    this.showStep();
    const {plot} = this.parts;
    if (!plot._fullLayout || !this.frames[step]) return;
    const settings = {
      mode: "immediate",
      transition: {duration, easing: "linear"},
      frame: {duration, redraw: false},
    };
    // An interrupted transition rejects; the newer step has already taken over.
    this.moving = window.Plotly.animate(plot, [this.frames[step].name], settings).catch(() => {});
    await this.moving;
  }

  /** Save the chart as it stands: the button says in which form. */
  async save(button) {
    const words = button.textContent;
    button.disabled = true;
    button.textContent = "…";
    try {
      const {saveAsPage, saveAsPicture} = await import(this.urls.exports);
      const Plotly = await loadPlotly(this.urls.plotly);
      await (button.dataset.form === "png" ? saveAsPicture(this, Plotly) : saveAsPage(this));
    } catch (error) {
      this.parts.reading.textContent = `This chart could not be saved: ${error.message}`;
    } finally {
      button.disabled = false;
      button.textContent = words;
    }
  }

  showStep() {
    const {slider, step} = this.parts;
    const name = this.frames[this.step]?.name ?? "";
    const caption = this.value?.figure.layout.meta?.captions?.[this.step] ?? name;
    slider.value = this.step;
    slider.setAttribute("aria-valuetext", caption);
    step.textContent = caption;
  }

  start() {
    if (this.step >= this.frames.length - 1) this.goTo(0, 0);
    this.timer = setInterval(() => this.advance(), STEP_MS);
    this.showPlaying(true);
  }

  advance() {
    if (this.step >= this.frames.length - 1) {
      this.pause();
      return;
    }
    this.goTo(this.step + 1, this.calm.matches ? 0 : STEP_MS * 0.85);
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    this.showPlaying(false);
  }

  showPlaying(playing) {
    this.parts.play.textContent = playing ? "Pause" : "Play";
    this.parts.play.setAttribute("aria-pressed", String(playing));
  }
}

/** Mount a chart on a gr.HTML element and keep it in step with the component's value. */
export function mount({element, trigger, props, watch, root, settings}) {
  const chart = new Chart({element, trigger, settings, root});
  const update = () =>
    chart.show(props.value).catch((error) => {
      chart.parts.reading.textContent = `This chart could not be drawn: ${error.message}`;
    });
  watch("value", update);
  update();
}
