// The page: what is to be drawn, asked of the worker picture by picture, and shown as a grid.
import { Drawer } from "./drawer.js";
import { PictureGrid } from "./grid.js";
import { imageNoise } from "./noise.js";

const byId = id => document.getElementById(id);
const number = new Intl.NumberFormat("en");
const counted = (count, word) => `${number.format(count)} ${word}${count === 1 ? "" : "s"}`;
const size = bytes => bytes < 1e5 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
// Of more classes one chooses from a list.
const mostButtons = 20;

byId("trouble").replaceChildren();
try {
  await start();
} catch (error) {
  tell(error);
}

async function start() {
  const facts = await readFacts();
  describe(facts);
  showClasses(facts);
  byId("guidance-field").hidden = !facts.guidance;
  byId("guidance").addEventListener("input", event => byId("guidance-value").textContent = event.target.value);
  byId("drawing").hidden = false;

  const grid = new PictureGrid(byId("picture"), byId("room"), facts);
  const showNoise = () => {
    const { seed, count } = choices();
    if (seed === null) return;
    grid.clear(count);
    for (let i = 0; i < count; i++) grid.showNoise(i, imageNoise(seed, i, facts.channels * facts.height * facts.width));
    name(`${counted(count, "image")} of noise`);
  };
  showNoise();
  // Pictures stay until others are drawn.
  byId("choices").addEventListener("input", () => "seed" in byId("picture").dataset || showNoise());

  const worker = new Drawer();
  byId("status").textContent = "Loading the network.";
  const threads = crossOriginIsolated && isOwn(facts.runtime.script) ? Math.min(4, navigator.hardwareConcurrency) : 1;
  const began = performance.now();
  await worker.load({
    runtime: {
      script: addressOf(facts.runtime.script), threads,
      binary: { address: addressOf(facts.runtime.binary), bytes: facts.runtime.bytes },
    },
    network: { address: addressOf("draw.onnx"), bytes: facts.bytes },
  }, (loaded, total) => progress(loaded / total, `${size(loaded)} of ${size(total)}`));
  progress(0, "");
  byId("status").textContent = `Ready after ${seconds(began)}. This is the noise that the pictures begin as.`;
  byId("draw").disabled = false;
  letDraw(facts, grid, worker);
}

async function readFacts() {
  const response = await fetch("draw.json").catch(error => ({ statusText: error.message }));
  if (!response.ok)
    throw new Error(`draw.json, which says what is to be drawn, can't be loaded: ${response.status ?? ""} ${response.statusText}.`);
  const { drawing, ...files } = await response.json().catch(error => {
    throw new Error(`draw.json, which says what is to be drawn, can't be read: ${error.message}.`);
  });
  return { ...drawing, ...files };
}

function describe({ network, channels, height, width, sampler, steps, parameters, bytes, runtime }) {
  document.title = `${network} - drawing in the browser`;
  byId("network").textContent = network;
  const kind = { 1: "Grey pictures", 3: "Colour pictures" }[channels] ?? `Pictures of ${channels} channels`;
  byId("lead").textContent =
    `${kind}, ${width} × ${height} pixels, drawn on this computer in ${counted(steps, "step")} from noise.`;
  const where = isOwn(runtime.script) ? "which this folder brings" : `loaded from ${new URL(runtime.script).host}`;
  byId("about").textContent = `${network}: ${counted(parameters, "parameter")}, ${size(bytes)}, ${sampler}. `
    + `It runs in ONNX Runtime Web ${runtime.version}, ${where}. What is drawn stays on this computer.`;
}

/** Nothing for a network without classes; a button for each, or a list of many. Values are labels; none: each class in turn. */
function showClasses({ numClasses, guidance, classes }) {
  if (numClasses === null) return;
  const named = namedClasses({ numClasses, guidance });
  const options = [["", "each in turn"]];
  for (let label = 0; label < named; label++) options.push([label, classes?.[label] ?? String(label)]);
  if (guidance) options.push([named, "none"]);
  byId("class-field").hidden = false;
  if (options.length <= mostButtons) {
    byId("classes").append(...options.map(([value, text]) => {
      const input = Object.assign(document.createElement("input"), { type: "radio", name: "class", value, checked: value === "" });
      const [label, caption] = [document.createElement("label"), document.createElement("span")];
      caption.textContent = text;
      label.append(input, caption);
      return label;
    }));
  } else {
    const select = Object.assign(document.createElement("select"), { name: "class", ariaLabel: "Class" });
    select.append(...options.map(([value, text]) => new Option(text, value)));
    byId("classes").append(select);
  }
}

/** What is chosen; a seed of null is none. */
function choices() {
  const form = new FormData(byId("choices"));
  const seed = byId("seed");
  return {
    count: Number(form.get("count")),
    seed: seed.checkValidity() ? BigInt(seed.value) : null,
    label: form.get("class") ? Number(form.get("class")) : null,
    guidance: byId("guidance").valueAsNumber,
  };
}

function letDraw(facts, grid, worker) {
  let isDrawing = false, isStopped = false;
  const button = byId("draw");
  // Whatever is written in the form meanwhile, drawing can be stopped.
  button.addEventListener("click", event => {
    if (!isDrawing) return;
    event.preventDefault();
    isStopped = true;
  });
  byId("choices").addEventListener("submit", event => {
    event.preventDefault();
    draw().catch(tell);
  });
  byId("another").addEventListener("click", () => {
    byId("seed").value = crypto.getRandomValues(new Uint32Array(1))[0];
    byId("seed").dispatchEvent(new Event("input", { bubbles: true }));
  });
  byId("download").addEventListener("click", () => grid.save(`${facts.network}-seed-${byId("picture").dataset.seed}.png`));

  async function draw() {
    const { count, seed, label, guidance } = choices();
    const labels = Array.from({ length: count }, (_, i) => facts.numClasses === null ? null : label ?? i % namedClasses(facts));
    [isDrawing, isStopped] = [true, false];
    button.textContent = "Stop";
    button.classList.add("stop");
    byId("download").disabled = true;
    byId("trouble").replaceChildren();
    byId("status").textContent = `Drawing ${counted(count, "picture")}.`;
    byId("picture").dataset.seed = seed;
    grid.clear(count);
    // Below the choices in a narrow window.
    byId("picture").scrollIntoView({ block: "nearest" });
    const noise = labels.map((_, i) => imageNoise(seed, i, facts.channels * facts.height * facts.width));
    noise.forEach((values, i) => grid.showNoise(i, values));
    const began = performance.now();
    let drawn = 0;
    try {
      for (; drawn < count && !isStopped; drawn++) {
        progress(drawn / count, count > 1 ? `${drawn} of ${count}` : "");
        grid.showPicture(drawn, await worker.draw({
          noise: noise[drawn], shape: [facts.channels, facts.height, facts.width], label: labels[drawn],
          guidance: facts.guidance ? guidance : null,
        }));
      }
      byId("status").textContent = `${counted(drawn, "picture")} in ${seconds(began)}${isStopped ? ", then stopped" : ""}.`;
      const classes = facts.numClasses === null ? [] : labels.slice(0, drawn).map(one => className(facts, one));
      name(`${counted(drawn, "picture")} of seed ${seed}${classes.length > 0 ? `: ${classes.join(", ")}` : ""}`);
      byId("download").disabled = drawn === 0;
    } finally {
      isDrawing = false;
      button.textContent = "Draw";
      button.classList.remove("stop");
      progress(drawn / count, "");
    }
  }
}

function className(facts, label) {
  return label === namedClasses(facts) ? "none" : facts.classes?.[label] ?? String(label);
}

/** How many classes there are but for the last, which stands for none where there is guidance. */
function namedClasses({ numClasses, guidance }) {
  return numClasses - (guidance ? 1 : 0);
}

function addressOf(path) {
  return new URL(path, document.baseURI).href;
}

function isOwn(path) {
  return new URL(path, document.baseURI).origin === location.origin;
}

function seconds(since) {
  const passed = performance.now() - since;
  return passed < 100 ? `${Math.ceil(passed)} ms` : `${(passed / 1000).toFixed(1)} s`;
}

function progress(part, amount) {
  byId("progress").value = part;
  byId("amount").textContent = amount;
}

function name(picture) {
  byId("picture").setAttribute("aria-label", picture);
}

function tell(error) {
  const text = document.createElement("p");
  text.textContent = error.message;
  byId("trouble").replaceChildren(text);
  byId("status").textContent = "";
  progress(0, "");
}
