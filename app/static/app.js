// What the page does without asking the server: playing clips, the theme, copying a link, marking picked clips.
(() => {
  const THEME_KEY = "mealrec-theme";

  let playing = null;

  function stop() {
    playing?.remove();
    playing = null;
  }

  // One player at a time, and no video is requested before its button is pressed.
  function play(button) {
    const clip = button.closest(".clip");
    const isSame = playing && playing.parentNode === clip;
    stop();
    if (isSame) return;
    const video = document.createElement("video");
    Object.assign(video, { className: "clip-video", preload: "none", playsInline: true, loop: true, muted: true });
    video.src = button.dataset.play;
    video.tabIndex = 0;
    video.setAttribute("aria-label", "Playing; press Enter or click to stop");
    video.addEventListener("click", stop);
    video.addEventListener("keydown", (event) => {
      if (!["Enter", " ", "Escape"].includes(event.key)) return;
      event.preventDefault();
      stop();
      button.focus();
    });
    video.addEventListener("error", () => clip.classList.add("is-unplayable"));
    clip.append(video);
    playing = video;
    video.play().catch(() => {});
  }

  async function copyLink(button) {
    const link = window.location.origin + window.location.pathname + button.dataset.copy;
    const words = button.querySelector("span");
    const before = words.textContent;
    try {
      await navigator.clipboard.writeText(link);
      words.textContent = "Copied";
    } catch {
      // Without a secure context there is no clipboard: show the link to copy by hand.
      window.prompt("Copy this link", link);
    }
    setTimeout(() => (words.textContent = before), 1600);
  }

  function setTheme(dark) {
    document.body.classList.toggle("dark", dark);
    document.documentElement.style.colorScheme = dark ? "dark" : "light";
    localStorage.setItem(THEME_KEY, dark ? "dark" : "light");
  }

  function restoreTheme() {
    const forced = new URLSearchParams(window.location.search).get("__theme");
    const stored = localStorage.getItem(THEME_KEY);
    if (!forced && stored) setTheme(stored === "dark");
  }

  // The catalogue is not drawn anew when the history changes; its marks follow the strip.
  function markPicked() {
    const picked = new Set([...document.querySelectorAll("#history .strip-item[data-id]")].map((item) => item.dataset.id));
    for (const button of document.querySelectorAll("#catalogue .clip-pick")) {
      const isPicked = picked.has(button.dataset.id);
      if (button.getAttribute("aria-pressed") === String(isPicked)) continue;
      button.setAttribute("aria-pressed", String(isPicked));
      const deed = isPicked ? "Remove" : "Add";
      const place = isPicked ? "from" : "to";
      button.setAttribute("aria-label", `${deed} “${button.dataset.title}” ${place} the history`);
    }
  }

  // The ranking brings the weights of the history that it answers; for another history it is dimmed.
  function showWeights() {
    const answer = document.querySelector("#recommendations .answer");
    const items = [...document.querySelectorAll("#history .strip-item[data-id]")];
    const isStale = answer !== null && answer.dataset.history !== items.map((item) => item.dataset.id).join(",");
    answer?.classList.toggle("is-stale", isStale);
    if (!answer || isStale) return;
    const weights = answer.dataset.weights.split(",").map(Number);
    const total = weights.reduce((sum, weight) => sum + weight, 0) || 1;
    const largest = Math.max(...weights) || 1;
    items.forEach((item, index) => {
      const words = `${Math.round((100 * weights[index]) / total)}%`;
      const number = item.querySelector(".weight-number");
      if (number.textContent === words) return;
      number.textContent = words;
      item.querySelector(".weight").setAttribute("aria-label", `weight ${words}`);
      item.querySelector(".weight i").style.width = `${(100 * weights[index]) / largest}%`;
    });
  }

  function showLatest() {
    const strip = document.querySelector("#history .strip");
    if (!strip || strip.childElementCount === Number(strip.dataset.shown)) return;
    strip.dataset.shown = strip.childElementCount;
    strip.scrollLeft = strip.scrollWidth;
  }

  document.addEventListener("click", (event) => {
    const player = event.target.closest("[data-play]");
    if (player) return play(player);
    const copy = event.target.closest("[data-copy]");
    if (copy) return copyLink(copy);
    if (event.target.closest("[data-theme-toggle]")) setTheme(!document.body.classList.contains("dark"));
  });

  let queued = false;
  new MutationObserver(() => {
    if (queued) return;
    queued = true;
    requestAnimationFrame(() => {
      queued = false;
      markPicked();
      showWeights();
      showLatest();
    });
  }).observe(document.documentElement, { childList: true, subtree: true, attributeFilter: ["data-id", "data-history"] });

  document.addEventListener("DOMContentLoaded", restoreTheme);
})();
