"use strict";
(() => {
  const byId = id => document.getElementById(id);
  const data = JSON.parse(byId("steps").textContent);
  const grids = JSON.parse(byId("grids").textContent);
  const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
  const short = value => {
    if (value === 0) return "0";
    const size = Math.abs(value);
    return size >= 1e6 || size < 1e-3 ? value.toExponential(1).replace(".0", "") : size >= 100 ? whole.format(value) : String(Number(value.toPrecision(3)));
  };

  function element(name, attributes, parent) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    parent?.append(made);
    return made;
  }

  // Exponential, corrected for its beginning; steps without a number change nothing.
  function smooth(values, weight) {
    let mean = 0, total = 0;
    return values.map(value => {
      if (value === null) return total > 0 ? mean / total : null;
      mean = weight * mean + (1 - weight) * value;
      total = weight * total + (1 - weight);
      return mean / total;
    });
  }

  // What lies beyond leaves a scale no room to compute in, and is drawn at its edge.
  const drawable = value => Math.max(-1e300, Math.min(1e300, value));

  function linearTicks(low, high, count) {
    const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find(factor => factor * power >= rough) * power;
    const ticks = [];
    for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) ticks.push(i * step);
    return ticks;
  }

  // 1, 2 and 5 of each decade, or decades alone where those are too many.
  function logTicks(low, high, count) {
    const all = [];
    // Beyond these, powers of ten are 0 and infinite, and the decades would have no end.
    [low, high] = [Math.max(low, Number.MIN_VALUE), Math.min(high, Number.MAX_VALUE)];
    for (let decade = Math.floor(Math.log10(low)); 10 ** decade <= high; decade++)
      for (const digit of [1, 2, 5]) all.push(digit * 10 ** decade);
    const inside = all.filter(tick => tick >= low * 0.999 && tick <= high * 1.001);
    const decades = inside.filter(tick => Math.abs(Math.log10(tick) - Math.round(Math.log10(tick))) < 1e-9);
    if (inside.length < 2) return linearTicks(low, high, count);
    return inside.length <= 1.5 * count || decades.length < 2 ? inside : decades;
  }

  const charts = [];
  let cursor = null;
  let shownStep = null;

  class Chart {
    constructor(name, label, main) {
      this.name = name;
      this.label = label;
      this.main = main;
      this.box = byId("chart-" + name);
      this.values = data[name];
      if (!this.values.some(value => value !== null)) {
        const empty = document.createElement("p");
        empty.className = "empty";
        empty.textContent = "nothing logged yet";
        this.box.append(empty);
        return;
      }
      this.svg = element("svg", { role: "img", tabindex: 0 }, this.box);
      this.readout = document.createElement("output");
      this.readout.className = "readout";
      this.readout.hidden = true;
      this.box.append(this.readout);
      this.svg.addEventListener("pointermove", event => point(this.nearest(event.offsetX), this));
      this.svg.addEventListener("pointerleave", () => point(null, this));
      this.svg.addEventListener("blur", () => point(null, this));
      this.svg.addEventListener("keydown", event => this.key(event));
      charts.push(this);
      new ResizeObserver(() => this.draw()).observe(this.box);
    }

    key(event) {
      const last = data.step.length - 1, now = cursor ?? last;
      const to = { ArrowLeft: now - 1, ArrowRight: now + 1, PageUp: now - 25, PageDown: now + 25, Home: 0, End: last }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      point(Math.min(last, Math.max(0, to)), this);
    }

    nearest(x) {
      let best = 0;
      for (let i = 1; i < data.step.length; i++)
        if (Math.abs(this.x(data.step[i]) - x) < Math.abs(this.x(data.step[best]) - x)) best = i;
      return best;
    }

    draw() {
      const { clientWidth: width, clientHeight: height } = this.box;
      if (width === 0) return;
      const logX = byId("log-step").checked;
      const smoothed = smooth(this.values, this.main ? Number(byId("smoothing").value) : 0);
      const seen = (this.main ? [...data.low, ...data.high] : this.values).filter(value => value !== null).map(drawable);
      const logY = this.main && byId("log-loss").checked && seen.some(value => value > 0);
      const usable = logY ? seen.filter(value => value > 0) : seen;
      let low = usable.reduce((a, b) => Math.min(a, b)), high = usable.reduce((a, b) => Math.max(a, b));
      if (logY) {
        [low, high] = [low / 1.1, high * 1.1];
      } else {
        // From zero, so that what is flat looks flat.
        low = Math.min(0, low);
        high += (high - low || 1) * 0.08;
      }
      const left = 58, right = width - 16, top = this.main ? 36 : 14, bottom = height - 28;
      const first = data.step[0], last = Math.max(data.step[data.step.length - 1], first + 1);
      const scale = (value, from, to, start, end, log) => {
        const f = log ? Math.log : Number;
        return start + (end - start) * (f(value) - f(from)) / (f(to) - f(from));
      };
      this.x = step => scale(step, first, last, left, right, logX);
      const y = value => scale(logY ? Math.max(drawable(value), low) : drawable(value), low, high, bottom, top, logY);

      this.svg.replaceChildren();
      this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      const end = this.values.findLast(value => value !== null);
      this.svg.setAttribute("aria-label", `${this.label} from step ${whole.format(first)} to ${whole.format(last)}, at the end ${short(end)}. Arrow keys move along it.`);
      const rows = this.main ? 6 : 3;
      for (const tick of logY ? logTicks(low, high, rows) : linearTicks(low, high, rows)) {
        element("line", { class: "grid", x1: left, x2: right, y1: y(tick), y2: y(tick) }, this.svg);
        element("text", { x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, this.svg).textContent = short(tick);
      }
      const columns = Math.max(3, Math.floor(width / 130));
      for (const tick of logX ? logTicks(first, last, columns) : linearTicks(first, last, columns).filter(Number.isInteger)) {
        const text = element("text", { x: this.x(tick), y: height - 9, "text-anchor": this.x(tick) > right - 25 ? "end" : "middle" }, this.svg);
        text.textContent = whole.format(tick);
      }

      const path = values => {
        let d = "", pen = "M";
        values.forEach((value, i) => {
          if (value === null) { pen = "M"; return; }
          d += `${pen}${this.x(data.step[i]).toFixed(1)} ${y(value).toFixed(1)}`;
          pen = "L";
        });
        return d;
      };
      if (this.main) {
        const at = data.step.map((_, i) => i).filter(i => data.low[i] !== null);
        if (data.grouped)
          element("polygon", { class: "band", points: [...at.map(i => [this.x(data.step[i]), y(data.high[i])]), ...at.reverse().map(i => [this.x(data.step[i]), y(data.low[i])])].map(p => p.map(n => n.toFixed(1)).join(",")).join(" ") }, this.svg);
        element("path", { class: "raw", d: path(this.values) }, this.svg);
      }
      element("path", { class: "line", d: path(smoothed) }, this.svg);
      this.smoothed = smoothed;
      this.marks = element("g", {}, this.svg);
      this.mark = () => {
        this.marks.replaceChildren();
        const vertical = (step, name) => element("line", { class: name, x1: this.x(step), x2: this.x(step), y1: top, y2: bottom }, this.marks);
        if (this.main && shownStep !== null && shownStep >= first && shownStep <= last) vertical(shownStep, "shown");
        if (cursor !== null) vertical(data.step[cursor], "cursor");
        this.readout.hidden = cursor === null;
        if (cursor === null) return;
        const value = this.values[cursor];
        this.readout.value = `step ${whole.format(data.step[cursor])}: ${value === null ? "no number" : short(value)}` + (this.main && smoothed[cursor] !== null ? `, smoothed ${short(smoothed[cursor])}` : "");
      };
      this.mark();
    }
  }

  // One cursor in all charts; the one that is pointed at is read aloud.
  function point(at, by) {
    cursor = at;
    for (const chart of charts) {
      chart.readout.setAttribute("aria-live", chart === by ? "polite" : "off");
      chart.mark?.();
    }
  }

  function showCurves() {
    new Chart("loss", "Loss", true);
    new Chart("learning_rate", "Learning rate", false);
    new Chart("gradient_norm", "Gradient norm", false);
    new Chart("images_per_second", "Images a second", false);
    new Chart("resident_megabytes", "Memory in megabytes", false);
    byId("controls").hidden = charts.length === 0;
    for (const id of ["log-loss", "log-step", "smoothing"])
      byId(id).addEventListener("input", () => {
        byId("smoothing-value").value = Number(byId("smoothing").value).toFixed(2);
        for (const chart of charts) chart.draw();
      });
  }

  function showGrids() {
    if (grids.length === 0) return;
    const slider = byId("grid-slider"), picture = byId("grid-picture"), film = byId("film"), play = byId("play");
    let timer = null;
    const show = index => {
      const { step, source } = grids[index];
      slider.value = index;
      picture.src = source;
      picture.alt = `Samples after step ${whole.format(step)}`;
      byId("grid-step").textContent = whole.format(step);
      slider.setAttribute("aria-valuetext", `step ${whole.format(step)}`);
      [...film.children].forEach((button, i) => button.setAttribute("aria-current", i === index));
      shownStep = step;
      for (const chart of charts) chart.mark?.();
    };
    const stop = () => {
      clearInterval(timer);
      timer = null;
      play.textContent = "Play";
    };
    const go = index => { stop(); show(Math.min(grids.length - 1, Math.max(0, index))); };
    grids.forEach(({ step, source }, index) => {
      const button = document.createElement("button"), image = document.createElement("img");
      button.type = "button";
      button.title = `step ${whole.format(step)}`;
      image.src = source;
      image.alt = button.title;
      button.append(image);
      button.addEventListener("click", () => go(index));
      film.append(button);
    });
    slider.addEventListener("input", () => go(Number(slider.value)));
    byId("before").addEventListener("click", () => go(Number(slider.value) - 1));
    byId("after").addEventListener("click", () => go(Number(slider.value) + 1));
    play.addEventListener("click", () => {
      if (timer !== null) { stop(); return; }
      if (Number(slider.value) === grids.length - 1) show(0);
      play.textContent = "Stop";
      timer = setInterval(() => {
        show(Number(slider.value) + 1);
        if (Number(slider.value) === grids.length - 1) stop();
      }, 400);
    });
    byId("grid-controls").hidden = grids.length === 1;
    show(grids.length - 1);
  }

  function offerThemes() {
    const button = byId("theme"), root = document.documentElement;
    let dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const name = () => { button.textContent = dark ? "Light" : "Dark"; };
    button.addEventListener("click", () => {
      dark = !dark;
      root.dataset.theme = dark ? "dark" : "light";
      name();
    });
    name();
    button.hidden = false;
  }

  showCurves();
  showGrids();
  offerThemes();
})();
