// Show me: plays a story that Python has worded, step by step. Each step is a click in the visitor's own line of clicks
// and waits for its ranking, so that nothing is shown that was not computed. Any click of the visitor ends it.
(() => {
  const PATIENCE_MS = 20_000;
  const LOOK_MS = 100;
  const OWN = "Your own clips are kept.";
  const SLOW = "The answer takes long just now. Try again in a minute.";

  let parts = null;
  let running = null;
  let own = ""; // the visitor's history before the story, to go back to

  const isCalm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  /** Whether the ranking, and the panel that this step points at, answer its question. */
  function isAnswered(step) {
    const strip = document.querySelector("#history .strip");
    const views = [document.querySelector("#recommendations .answer")];
    if (["#wants-column", "#moments-column"].includes(step.look)) views.push(document.querySelector(`${step.look} [data-history]`));
    const answers = (view) => view?.dataset.history === step.history && view.dataset.hidden === step.hidden;
    return strip?.dataset.hidden === step.hidden && views.every(answers);
  }

  async function until(condition, story) {
    const end = performance.now() + PATIENCE_MS;
    while (story === running && !condition()) {
      if (performance.now() > end) return false;
      await pause(LOOK_MS);
    }
    return true;
  }

  function unpoint() {
    for (const node of document.querySelectorAll(".is-shown")) node.classList.remove("is-shown");
  }

  function point(selector) {
    unpoint();
    const place = document.querySelector(selector);
    if (!place) return;
    place.classList.add("is-shown");
    // The bar covers the window's lower end: what is shown has to stand above it.
    const box = place.getBoundingClientRect();
    const room = window.innerHeight - parts.bar.offsetHeight;
    if (box.top >= 0 && box.bottom <= room) return;
    const behavior = isCalm() ? "auto" : "smooth";
    if (box.top + window.scrollY + Math.min(box.height, 200) <= room) window.scrollTo({ top: 0, behavior });
    else place.scrollIntoView({ behavior, block: box.height > room ? "start" : "center" });
  }

  function say(words, index, count) {
    const line = parts.bar.querySelector(".show-words");
    if (line.textContent !== words) line.textContent = words;
    parts.bar.querySelector(".show-progress i").style.width = `${(100 * (index + 1)) / count}%`;
  }

  async function playChart(name, story) {
    const chart = () => document.querySelector(`#chart-${name}`);
    const first = document.querySelector("#inside-tabs [role=tab]");
    if (first.getAttribute("aria-selected") !== "true") first.click();
    point(`#chart-${name}`);
    const isDrawn = () => chart()?.querySelector(".main-svg") && !chart().querySelector(".chart-controls").hidden;
    if (!(await until(isDrawn, story)) || story !== running) return;
    await pause(500);
    if (story === running) chart().querySelector(".chart-play").click();
  }

  async function run(story) {
    for (const [index, step] of story.steps.entries()) {
      const began = performance.now();
      if (step.click) parts.click(step.click);
      else say(step.words, index, story.steps.length);
      if (!(await until(() => isAnswered(step), story))) return stop(SLOW);
      if (story !== running) return;
      say(step.words, index, story.steps.length);
      if (step.chart) await playChart(step.chart, story);
      else point(step.look);
      // A slow answer has been waited for already; the words still need their time.
      await pause(Math.max(1000 * step.hold_s - (performance.now() - began), 600 * step.hold_s));
      if (story !== running) return;
    }
    stop();
  }

  /** End the story; whoever had clips of their own before it may go back to them. */
  function stop(words = own ? OWN : "") {
    running = null;
    unpoint();
    if (!parts) return;
    parts.bar.querySelector(".show-words").textContent = words;
    parts.bar.querySelector(".show-stop").textContent = "Close";
    parts.bar.querySelector(".show-back").hidden = words !== OWN;
    parts.bar.hidden = !words;
    document.querySelector("[data-show]")?.removeAttribute("aria-busy");
  }

  window.mealrecShow = {
    mount(mounted) {
      parts = mounted;
      const leave = (words) => {
        stop(words);
        if (parts.bar.hidden) document.querySelector("[data-show]")?.focus({ preventScroll: true });
      };
      parts.bar.querySelector(".show-stop").addEventListener("click", () => leave(running ? undefined : ""));
      parts.bar.querySelector(".show-back").addEventListener("click", () => {
        parts.click({ action: "restore", history: own });
        leave("");
      });
    },
    play(steps) {
      stop("");
      running = { steps };
      parts.bar.hidden = false;
      parts.bar.querySelector(".show-stop").textContent = "Stop";
      window.scrollTo({ top: 0, behavior: isCalm() ? "auto" : "smooth" });
      run(running);
    },
  };

  // What the story itself clicks is no visitor's click; only the latter is trusted.
  document.addEventListener(
    "click",
    (event) => {
      const button = event.target.closest?.("[data-show]");
      if (button) {
        const strip = [...document.querySelectorAll("#history .strip-item[data-id]")];
        if (!running) own = strip.map((item) => item.dataset.id).join();
        stop("");
        button.setAttribute("aria-busy", "true");
        parts?.ask();
      } else if (running && event.isTrusted && !event.target.closest?.(".show")) stop();
    },
    true,
  );
  document.addEventListener("keydown", (event) => event.key === "Escape" && running && stop(), true);
})();
