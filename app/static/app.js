// What the page does without asking the server: playing clips, the theme, copying a link, marking picked clips.
(() => {
  const THEME_KEY = "mealrec-theme";

  const isCalm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

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

  // What answers a history says which; for another history it is dimmed. The ranking brings the history's weights.
  function showWeights() {
    const answer = document.querySelector("#recommendations .answer");
    const items = [...document.querySelectorAll("#history .strip-item[data-id]:not(.is-left-out)")];
    const hidden = document.querySelector("#history .strip")?.dataset.hidden;
    const asked = items.map((item) => item.dataset.id).join(",");
    const views = [answer, document.querySelector("#moments .moments"), document.querySelector("#wants .wants")];
    for (const view of views) {
      view?.classList.toggle("is-stale", view.dataset.history !== asked || view.dataset.hidden !== hidden);
    }
    if (!answer || answer.classList.contains("is-stale")) return;
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

  // A strip drawn anew shows its latest clip where it has grown, else the part that was in view.
  let seen = { count: 0, left: 0 };

  function showLatest() {
    const strip = document.querySelector("#history .strip");
    if (!strip || strip.dataset.shown) return;
    strip.dataset.shown = "yes";
    strip.scrollLeft = strip.childElementCount === seen.count ? seen.left : strip.scrollWidth;
    seen = { count: strip.childElementCount, left: strip.scrollLeft };
    strip.addEventListener("scroll", () => (seen.left = strip.scrollLeft), { passive: true });
  }

  // A clicked control is drawn anew with its part of the page; the keyboard's place must not be lost by that.
  let acted = "";

  function keepFocus() {
    if (!acted || document.activeElement !== document.body) return;
    document.querySelector(acted)?.focus({ preventScroll: true });
  }

  // Cards glide from their old to their new rank.
  let places = new Map();
  let drawn = null;

  function glide() {
    const answer = document.querySelector("#recommendations .answer");
    if (answer === drawn) return;
    drawn = answer;
    const cards = [...document.querySelectorAll("#recommendations .ranked")];
    const now = new Map(cards.map((card) => [card.querySelector(".clip").dataset.id, [card.offsetLeft, card.offsetTop]]));
    const isSameOrder = [...now.keys()].join() === [...places.keys()].join();
    for (const card of isSameOrder || isCalm() || !places.size ? [] : cards) {
      const id = card.querySelector(".clip").dataset.id;
      const [x, y] = now.get(id);
      const [oldX, oldY] = places.get(id) ?? [x, y + 24];
      const from = { transform: `translate(${oldX - x}px, ${oldY - y}px)`, opacity: places.has(id) ? 1 : 0 };
      card.animate([from, { transform: "none", opacity: 1 }], { duration: 450, easing: "cubic-bezier(.2, .8, .2, 1)" });
    }
    places = now;
  }

  // So do the bars of what the viewer seems to be out for; a kind that was not on show begins where it stands.
  let lengths = new Map();

  function stretch() {
    const bars = [...document.querySelectorAll("#wants [data-want]")];
    if (!bars.length || bars[0].dataset.drawn) return;
    for (const bar of bars) {
      bar.dataset.drawn = "yes";
      const from = lengths.get(bar.dataset.want);
      if (from === undefined || from === bar.style.width || isCalm()) continue;
      bar.animate([{ width: from }, { width: bar.style.width }], { duration: 900, easing: "cubic-bezier(.2, .8, .2, 1)" });
    }
    lengths = new Map(bars.map((bar) => [bar.dataset.want, bar.style.width]));
  }

  // Whoever goes elsewhere in the meantime is not called back.
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, () => (acted = ""), true);

  // A click that edits the history begins from what the one before it has made, so each waits for that one's answer.
  // A failure is an answer too, and where the connection is lost Gradio loads the page anew: the line never gets stuck.
  const waiting = [];
  let isSent = false;

  function sendNext() {
    const click = waiting.shift();
    isSent = click !== undefined;
    if (isSent) click();
  }

  window.mealrecClicks = {
    add(trigger, kind, data) {
      waiting.push(() => trigger(kind, data));
      if (!isSent) sendNext();
    },
    next: sendNext,
  };

  function openTab(name) {
    // Where the tabs do not fit, Gradio puts the last ones into a menu.
    const tabs = [...document.querySelectorAll("#pick-tabs :is([role=tab], .overflow-dropdown button)")];
    tabs.find((tab) => tab.textContent.trim() === name)?.click();
    const column = document.querySelector("#pick-column");
    if (column.getBoundingClientRect().bottom < 100) column.scrollIntoView();
  }

  document.addEventListener("click", (event) => {
    const action = event.target.closest("[data-action]");
    if (action) {
      const part = action.closest("#history, #moments, #effects, #recommendations, #catalogue");
      const named = ["action", "id", "frames"].filter((key) => action.dataset[key] !== undefined);
      const match = named.map((key) => `[data-${key}="${CSS.escape(action.dataset[key])}"]`).join("");
      acted = part ? `#${part.id} ${match}` : "";
    }
    const tab = event.target.closest("[data-tab]");
    if (tab) return openTab(tab.dataset.tab);
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
      glide();
      stretch();
      keepFocus();
    });
  }).observe(document.documentElement, { childList: true, subtree: true, attributeFilter: ["data-id", "data-history", "data-hidden"] });

  document.addEventListener("DOMContentLoaded", restoreTheme);
})();
