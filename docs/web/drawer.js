/** The worker, asked one thing at a time. */
export class Drawer {
  #worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });

  load(files, tell) {
    return this.#ask({ load: files }, tell);
  }

  draw(picture) {
    return this.#ask({ draw: picture });
  }

  #ask(question, tell) {
    return new Promise((answer, fail) => {
      this.#worker.onmessage = ({ data }) => {
        if ("total" in data) tell(data.loaded, data.total);
        else if ("error" in data) fail(new Error(data.error));
        else answer(data.answer);
      };
      this.#worker.onerror = event => fail(new Error(event.message ?? "worker.js can't be loaded."));
      this.#worker.postMessage(question);
    });
  }
}
