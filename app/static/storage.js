// A browser may deny a page its storage: in another site's frame, in a private window, by a setting. Every look at it
// then raises, in Gradio's own scripts too, and the page would never open. It gets a store that lasts as long as it does.
(() => {
  class Kept {
    #items = new Map();

    get length() {
      return this.#items.size;
    }

    key(place) {
      return [...this.#items.keys()][place] ?? null;
    }

    getItem(name) {
      return this.#items.get(String(name)) ?? null;
    }

    setItem(name, value) {
      this.#items.set(String(name), String(value));
    }

    removeItem(name) {
      this.#items.delete(String(name));
    }

    clear() {
      this.#items.clear();
    }
  }

  // Asked for by writing: a full or read-only store can be looked at and still fails at the first word.
  function works(name) {
    try {
      window[name].setItem("mealrec-works", "yes");
      window[name].removeItem("mealrec-works");
      return true;
    } catch {
      return false;
    }
  }

  for (const name of ["localStorage", "sessionStorage"]) {
    if (!works(name)) Object.defineProperty(window, name, { value: new Kept(), configurable: true });
  }
})();
